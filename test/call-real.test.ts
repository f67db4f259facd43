import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from './commands.ts';
import { freePorts, type House, startHouse, testWith, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';
import { hasPostfix, startPostfix } from './postfix.ts';

const password = 'correct horse 1';
const secret = 'a long enough secret';

describe('real programs call for mail', () => {
  let isp: House;
  let office: House;
  let hop: NextHop;
  let odmr: number;
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-call-'));
  beforeAll(async () => {
    [odmr] = (await freePorts(1)) as [number];
    hop = await nextHop();
    writeFileSync(join(folder, 'secret'), secret);
    isp = await startHouse({
      set: { odmr_port: odmr, online: 'always', etrn_ip: '127.0.0.1', etrn_interval: '0' },
      lines: [
        'relay_to=office.test,road.test',
        'suspend_domain=office.test,road.test',
        `gateway=* 127.0.0.1:${hop.port}`,
        `odmr=road.test road@localhost secret_file=${join(folder, 'secret')}`,
      ],
    });
    await isp.addUser('road@localhost', password);
    office = await startHouse({ set: { host_domain: 'road.test' } });
    await office.addUser('bob@road.test', password);
  });
  afterAll(async () => {
    await Promise.all([isp.remove(), office.remove(), hop.close()]);
    rmSync(folder, { recursive: true });
  });

  const send = (to: string) =>
    sendRaw(isp.ports.smtp, { from: 'eve@far.test', to: [to], data: Buffer.from('Subject: x\r\n\r\n..y\r\n.\r\n') });
  const fetchmail = async (lines: string) => {
    writeFileSync(join(folder, 'fetchmailrc'), lines, { mode: 0o600 });
    return await runCommand('fetchmail', ['-v', '-f', join(folder, 'fetchmailrc'), '--pidfile', join(folder, 'pid')], {
      env: { HOME: folder, FETCHMAILHOME: folder },
    });
  };

  testWith('fetchmail', 'fetchmail')('fetchmail -p ETRN has the parked mail sent', async () => {
    await send('a@office.test');
    const ran = await fetchmail(`poll 127.0.0.1 service ${isp.ports.smtp} protocol etrn\n  fetchdomains office.test\n`);
    expect(ran.out + ran.err).toMatch(/253 2\.0\.0 OK, 1 pending messages for node office\.test started/);
    await until('it came', () => hop.heard.includes('RCPT TO:<a@office.test>'));
  });

  testWith('fetchmail', 'fetchmail')('fetchmail -p ODMR takes the parked mail down its own connection', async () => {
    for (const who of ['bob@road.test', 'bob+tag@road.test']) await send(who);
    const ran = await fetchmail(
      `poll 127.0.0.1 service ${odmr} protocol odmr\n  user "road@localhost" there with password "${secret}" smtphost 127.0.0.1/${office.ports.smtp} fetchdomains road.test\n`,
    );
    expect(ran.out + ran.err).toMatch(/250 OK now reversing the connection/);
    await until(
      'both came',
      async () => (await popMessages(office.ports.pop3, 'bob@road.test', password)).length === 2,
    );
    expect(JSON.parse((await isp.cli(['queue', 'domains', '--json'])).stdout)).toEqual([]);
  });

  testWith('swaks', 'swaks')('swaks sees ETRN on offer', async () => {
    const ran = await runCommand('swaks', ['--server', `127.0.0.1:${isp.ports.smtp}`, '--quit-after', 'EHLO']);
    expect(ran.out).toMatch(/250[- ]ETRN/);
  });
});

describe.skipIf(!hasPostfix)('Postfix (package postfix, as root) keeps our mail', () => {
  test('etrn now has Postfix send what its flush service kept, and shows its answers', async () => {
    const [smtp] = (await freePorts(1)) as [number];
    const more = [
      'relay_domains = office.test',
      'fast_flush_domains = $relay_domains',
      // As for a dial-up site: nothing goes unless it is asked for.
      'defer_transports = smtp',
      `transport_maps = inline:{office.test=smtp:[127.0.0.1]:${smtp}}`,
      '',
    ];
    const postfix = await startPostfix(more.join('\n'));
    const office = await startHouse({
      set: { host_domain: 'office.test,more.test', smtp_port: smtp, online: 'always', ras_timer: '0' },
      lines: [`etrn_from=127.0.0.1:${postfix.port} tls=off`],
    });
    try {
      await office.addUser('bob@office.test', password);
      const kept = {
        from: 'eve@far.test',
        to: ['bob@office.test'],
        data: Buffer.from('Subject: kept\r\n\r\ny\r\n.\r\n'),
      };
      expect((await sendRaw(postfix.port, kept)).at(-1)).toMatch(/^250 /);
      const queue = async () => (await runCommand('postqueue', ['-c', postfix.conf, '-p'])).out;
      await until('Postfix has put it off', async () => (await queue()).includes('deferred transport'));
      expect(await popMessages(office.ports.pop3, 'bob@office.test', password)).toEqual([]);
      const { code, stdout } = await office.cli(['etrn', 'now']);
      expect(stdout).toMatch(/: office\.test: 250 2?\.?0?\.?0? ?Queuing started$/m);
      expect(stdout).toMatch(/: more\.test: 459 /);
      expect(code).toBe(1);
      await until(
        'it came',
        async () => (await popMessages(office.ports.pop3, 'bob@office.test', password)).length === 1,
      );
    } finally {
      await office.remove();
      await postfix.close();
    }
  }, 180_000);
});
