/** Real proxies and gateways: microsocks, Dante, tinyproxy, Postfix with Dovecot's SASL, and a house of our own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proxyLine } from '../daemon/config/proxy-line.ts';
import type { Gateway } from '../daemon/config.ts';
import { localhost } from './certificate.ts';
import { freePorts, startHouse, testWith, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';
import { startPostfix } from './postfix.ts';
import { createRig, type Rig } from './queue-rig.ts';

let rig: Rig;
let folder: string;
const running: ChildProcess[] = [];
beforeEach(async () => {
  rig = await createRig();
  folder = mkdtempSync(join(tmpdir(), 'cwmail-egress-'));
  chmodSync(folder, 0o755);
});
afterEach(async () => {
  await rig.close();
  for (const child of running.splice(0)) {
    const ended = new Promise(resolve => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

const patient = { connect: 10_000, greeting: 10_000, command: 10_000, block: 10_000, final: 10_000 };
const empty = async () => (await rig.waiting()).length === 0;
const listens = (port: number) =>
  until(
    `port ${port} listens`,
    () =>
      new Promise<boolean>(resolve => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => resolve(false)).on('connect', () => resolve(socket.destroy() !== null));
      }),
  );

async function run(command: string, args: string[], port: number): Promise<void> {
  running.push(spawn(command, args, { stdio: 'ignore' }));
  await listens(port);
}

const microsocks = (port: number, login: string[] = []) =>
  run('microsocks', ['-i', '127.0.0.1', '-p', `${port}`, ...login], port);

async function danted(port: number): Promise<void> {
  const lines = [
    `logoutput: ${folder}/dante.log`,
    `internal: 127.0.0.1 port = ${port}`,
    'external: 127.0.0.1',
    'clientmethod: none',
    'socksmethod: none',
    'user.unprivileged: nobody',
    'client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }',
    'socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }',
  ];
  writeFileSync(join(folder, 'danted.conf'), `${lines.join('\n')}\n`);
  await run('danted', ['-f', join(folder, 'danted.conf')], port);
}

async function tinyproxy(port: number, reaches: number): Promise<void> {
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Timeout 60',
    'MaxClients 10',
    'LogLevel Warning',
    `LogFile "${folder}/tiny.log"`,
    'Allow 127.0.0.1',
    'BasicAuth site tea',
    `ConnectPort ${reaches}`,
  ];
  writeFileSync(join(folder, 'tiny.conf'), `${lines.join('\n')}\n`);
  await run('tinyproxy', ['-d', '-c', join(folder, 'tiny.conf')], port);
}

const rule = (text: string) => {
  const parsed = proxyLine(`* ${text}`, folder);
  if (!parsed.ok) throw new Error(parsed.wrong);
  return parsed.value;
};

/** One mail by the proxy to a host that offers STARTTLS; then by what must not work. */
async function passes(good: string, bad: string | null, said: RegExp, hop: Awaited<ReturnType<Rig['hop']>>) {
  rig.settings.gateway = [{ domain: '*', host: 'localhost', port: hop.port }];
  rig.settings.proxy_domain = [rule(good)];
  await rig.accept(['bob@far.test']);
  await rig.queue({ timeouts: patient });
  await until('the queue is empty', empty);
  expect(hop.heard).toContain('(TLS)');
  expect(hop.contents).toHaveLength(1);
  if (bad === null) return;
  rig.settings.proxy_domain = [rule(bad)];
  await rig.accept(['cat@far.test']);
  await rig.queue({ timeouts: patient });
  await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
  expect((await rig.waiting())[0]?.lastReply).toMatch(said);
  expect(hop.contents).toHaveLength(1);
}

const tls = { offers: ['STARTTLS', 'PIPELINING'], tls: localhost };

describe('queue goes by real proxies', () => {
  testWith('microsocks', 'microsocks')('microsocks, names looked up there or here', async () => {
    const [port] = await freePorts(1);
    await microsocks(port!);
    const hop = await rig.hop(tls);
    await passes(`socks5h://127.0.0.1:${port}`, null, /./, hop);
    rig.settings.proxy_domain = [rule(`socks5://127.0.0.1:${port}`)];
    await rig.accept(['cat@far.test']);
    await rig.queue({ timeouts: patient });
    await until('the queue is empty', empty);
    expect(hop.contents).toHaveLength(2);
  });

  testWith('microsocks', 'microsocks')('microsocks with user and password', async () => {
    const [port] = await freePorts(1);
    await microsocks(port!, ['-u', 'site', '-P', 'tea']);
    const at = `socks5h://site@127.0.0.1:${port}`;
    await passes(
      `${at} password=tea`,
      `${at} password=coffee`,
      /^451 .*refuses our user and password/,
      await rig.hop(tls),
    );
  });

  testWith('danted', 'dante-server')('Dante', async () => {
    const [port, deaf] = await freePorts(2);
    await danted(port!);
    const hop = await rig.hop(tls);
    await passes(`socks5://127.0.0.1:${port}`, null, /./, hop);
    // What lies behind it does not answer.
    rig.settings.gateway = [{ domain: '*', host: '127.0.0.1', port: deaf! }];
    await rig.accept(['cat@far.test']);
    await rig.queue({ timeouts: patient });
    await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
    expect((await rig.waiting())[0]?.lastReply).toMatch(
      /^451 .*socks5:.*(connection was refused|could not connect|unreachable)/,
    );
  });

  testWith('tinyproxy', 'tinyproxy')('tinyproxy', async () => {
    const [port] = await freePorts(1);
    const hop = await rig.hop(tls);
    await tinyproxy(port!, hop.port);
    const at = `http://site@127.0.0.1:${port}`;
    await passes(`${at} password=tea`, `${at} password=coffee`, /^451 .*refuses our user and password \(40[17]\)/, hop);
  });
});

describe('queue signs in at real gateways', () => {
  const asRoot = userInfo().uid === 0 || process.env.CI === 'true';
  const strict = { domain: '*', host: 'localhost', tls: 'required', ca: localhost.cert } as const;

  test('a house of our own, at its submission port', async () => {
    for (const name of ['key', 'cert'] as const) writeFileSync(join(folder, name), localhost[name]);
    const set = { host_domain: 'gate.test', tls_cert: join(folder, 'cert'), tls_key: join(folder, 'key') };
    // The account of another site sends for that site's domain.
    const house = await startHouse({ set, lines: ['send_as=site@gate.test *@us.test'] });
    try {
      await house.addUser('site@gate.test', 'long words of the site');
      await house.addUser('bob@gate.test', 'long words of bob');
      const login = { user: 'site@gate.test', password: 'long words of the site' };
      const line: Gateway = { ...strict, port: house.ports.submission, login };
      rig.settings.gateway = [line];
      await rig.accept(['bob@gate.test']);
      await rig.queue({ timeouts: patient });
      await until('the queue is empty', empty);
      const [mail] = await popMessages(house.ports.pop3, 'bob@gate.test', 'long words of bob');
      expect(mail?.toString()).toMatch(/^Received: [^;]*with ESMTPSA/m);
      rig.settings.gateway = [{ ...line, login: { ...login, password: 'wrong' } }];
      await rig.accept(['bob@gate.test']);
      await rig.queue({ timeouts: patient });
      await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
      expect((await rig.waiting())[0]?.lastReply).toBe('451 4.7.0 localhost does not let us sign in');
    } finally {
      await house.remove();
    }
  });

  const withDovecot = asRoot ? testWith('dovecot', 'dovecot-core') : test.skip;
  withDovecot('Postfix with SASL by Dovecot, by each of its mechanisms (as root)', async () => {
    const [auth] = await freePorts(1);
    dovecotAuth(auth!);
    await listens(auth!);
    for (const mechanism of ['plain', 'login', 'cram-md5']) {
      const postfix = await startPostfix(`
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${auth}
smtpd_sasl_mechanism_filter = ${mechanism}
smtpd_tls_auth_only = yes
smtpd_client_restrictions = permit_sasl_authenticated, reject
`);
      try {
        rig.settings.gateway = [{ ...strict, port: postfix.port, login: { user: 'site', password: 'tea' } }];
        await rig.accept(['bob@pf.test']);
        await rig.queue({ timeouts: patient });
        await until(`${mechanism}: the queue is empty`, empty);
        const [taken] = await until('it lies there', async () =>
          (await postfix.taken()).length === 1 ? postfix.taken() : null,
        );
        expect(taken?.toString(), mechanism).toMatch(/with ESMTPSA/);
      } finally {
        await postfix.close();
      }
    }
  });
});

function dovecotAuth(port: number): void {
  writeFileSync(join(folder, 'users'), 'site:{PLAIN}tea::::::\n');
  const config = `
protocols =
base_dir = ${folder}/run
log_path = ${folder}/log
auth_mechanisms = plain login cram-md5
ssl = no
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = ${port}
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
  writeFileSync(join(folder, 'dovecot.conf'), config);
  running.push(spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' }));
}
