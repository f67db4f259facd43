import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { localhost } from './certificate.ts';
import { freePorts, runCli } from './harness.ts';
import { type NameServer, nameServer } from './name-server.ts';
import { type NextHop, nextHop, type Script } from './next-hop.ts';

let folder: string;
let names: NameServer;
const hops: NextHop[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-reach-'));
  writeFileSync(join(folder, 'ca.pem'), localhost.cert);
  names = await nameServer({ 'null.test': { MX: [[0, '.']] }, 'broken.test': 'SERVFAIL' });
});
afterEach(async () => {
  await Promise.all(hops.splice(0).map(hop => hop.close()));
});
afterAll(() => {
  names.close();
  rmSync(folder, { recursive: true });
});

async function hop(script: Script): Promise<NextHop> {
  const made = await nextHop(script);
  hops.push(made);
  return made;
}
async function reach(domain: string, ...lines: string[]) {
  const set = ['host_domain=us.test', 'online=always', `dns_host=${names.address}`, ...lines].flatMap(l => [
    '--set',
    l,
  ]);
  const { code, stdout, stderr } = await runCli(['reach', domain, ...set], '', folder);
  return { code, said: `${stdout}${stderr}`.trim().split('\n').slice(1) };
}

test('reach goes by the gateways in their order, signs in, and sends nothing', async () => {
  const [dead] = await freePorts(1);
  const safe = await hop({ offers: ['AUTH PLAIN', 'STARTTLS'], tls: localhost });
  const lines = [
    `gateway=* 127.0.0.1:${dead}`,
    `gateway=* localhost:${safe.port} user=site password=tea-of-mine tls=required ca=ca.pem`,
  ];
  const { code, said } = await reach('far.test', ...lines);
  expect(said).toEqual([
    `127.0.0.1:${dead}: 451 4.4.1 127.0.0.1: 127.0.0.1:${dead}: connection refused`,
    expect.stringMatching(/^localhost:\d+ \[127\.0\.0\.1(, ::1)?\]: ready, TLS, verified, signed in as site$/),
  ]);
  expect(code).toBe(0);
  expect(safe.heard.filter(line => /^(MAIL|RCPT|DATA)/.test(line))).toEqual([]);
});

test('reach says why a gateway would not take mail, and exits with 1', async () => {
  const strict = await hop({ offers: ['AUTH PLAIN'], answers: { AUTH: '535 5.7.8 No' } });
  const { code, said } = await reach(
    'far.test',
    `gateway=* 127.0.0.1:${strict.port} user=site password=tea-of-mine tls=off`,
  );
  expect([code, said]).toEqual([
    1,
    [`127.0.0.1:${strict.port}: 451 4.7.0 127.0.0.1 does not let us sign in (535 5.7.8 No)`],
  ]);
  const [proxy] = await freePorts(1);
  const by = await reach('far.test', `gateway=* mx.far.test`, `proxy_domain=* socks5h://127.0.0.1:${proxy}`);
  expect(by.said).toEqual([expect.stringMatching(/^mx\.far\.test:25 by socks5:.*: 451 4\.4\.1 .*connection refused$/)]);
});

test('reach says what the name servers told', async () => {
  expect(await reach('ann@null.test')).toEqual({ code: 1, said: ['556 5.1.10 null.test takes no mail'] });
  expect((await reach('broken.test')).said[0]).toMatch(/^451 4\.4\.3 broken\.test: the name server could not answer/);
  expect((await reach('nowhere.test')).said).toEqual(['550 5.1.2 There is no domain nowhere.test']);
  expect((await runCli(['reach', 'not a domain'], '', folder)).code).toBe(64);
});
