import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type EtrnSource, loadSettings, type Settings } from '../daemon/config.ts';
import { type Fields, type Log, silentLog } from '../daemon/log.ts';
import { reply } from '../daemon/mail/reply.ts';
import { connectSmtp, type Submission } from '../daemon/smtp-client.ts';
import { createAlarm } from '../fetcher/alarm.ts';
import { type EtrnAsker, startEtrn } from '../fetcher/etrn.ts';
import { until } from './harness.ts';
import { type NextHop, nextHop, type Script } from './next-hop.ts';

const hops: NextHop[] = [];
const askers: EtrnAsker[] = [];
afterEach(async () => {
  for (const asker of askers.splice(0)) asker.stop();
  await Promise.all(hops.splice(0).map(h => h.close()));
});

async function provider(script: Script = {}): Promise<NextHop> {
  const hop = await nextHop({ offers: ['ETRN', 'AUTH PLAIN'], ...script });
  hops.push(hop);
  return hop;
}

const source = ({ port }: Pick<NextHop, 'port'>, more: Partial<EtrnSource> = {}): EtrnSource => ({
  ...{ name: `127.0.0.1:${port}`, host: '127.0.0.1', port, login: null, tls: 'off' },
  ...more,
});

function ask(sources: EtrnSource[], more: Partial<Settings> = {}) {
  const told: (Fields & { event: string; level: string })[] = [];
  const note =
    (level: string) =>
    (event: string, fields: Fields = {}) =>
      void told.push({ level, event, ...fields });
  const log: Log = { ...silentLog(), info: note('info'), warn: note('warn'), error: note('error') };
  const { settings } = loadSettings({ config: null, set: ['online=always', 'host_domain=office.test,more.test'] });
  Object.assign(settings, { etrn_from: sources, ras_timer: 0, ...more });
  const asker = startEtrn({ settings, connect: connectSmtp, log, now: Date.now, random: () => 0, timeout: 1000 });
  askers.push(asker);
  return { asker, told, settings };
}

const questions = (hop: NextHop) => hop.heard.filter(l => l.startsWith('ETRN'));

describe('startEtrn', () => {
  test('startEtrn asks once for each of our domains, one after another, and says what was answered', async () => {
    const answers = { ETRN: ['253 2.0.0 OK, 3 pending messages for node office.test started', '459 4.7.1 Not yours'] };
    const hop = await provider({ answers });
    const vdomain = [{ prefix: 'x', by: { kind: 'suffix' as const, suffix: '/x' }, domain: 'virtual.test' }];
    const { asker, told } = ask([source(hop)], { vdomain });
    const [asked] = await asker.runNow();
    expect(asked).toEqual({
      name: `127.0.0.1:${hop.port}`,
      error: null,
      answers: [
        { domain: 'office.test', answer: '253 2.0.0 OK, 3 pending messages for node office.test started', good: true },
        { domain: 'more.test', answer: '459 4.7.1 Not yours', good: false },
        { domain: 'virtual.test', answer: '459 4.7.1 Not yours', good: false },
      ],
    });
    expect(questions(hop)).toEqual(['ETRN office.test', 'ETRN more.test', 'ETRN virtual.test']);
    expect(hop.heard.at(-1)).toBe('QUIT');
    expect(told.map(t => [t.level, t.event])).toEqual([
      ['info', 'asked'],
      ['warn', 'asked'],
      ['warn', 'asked'],
    ]);
  });

  test('startEtrn asks from outgoing_ip, by which a provider may know us', async () => {
    const peers: (string | undefined)[] = [];
    const server = createServer(socket => {
      peers.push(socket.remoteAddress);
      socket.end('421 not now\r\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { asker } = ask([source({ port: (server.address() as AddressInfo).port })], {
      outgoing_ip: ['127.0.0.2'],
    });
    await asker.runNow();
    server.close();
    expect(peers).toEqual(['127.0.0.2']);
  });

  test('startEtrn asks by itself at the start and every ras_timer, and not while it is 0', async () => {
    const hop = await provider({ answers: { ETRN: '250 OK' } });
    ask([source(hop)], { ras_timer: 30 });
    await until('it asked thrice', () => questions(hop).length >= 6);
    const quiet = await provider({ answers: { ETRN: '250 OK' } });
    const { asker } = ask([source(quiet)]);
    await asker.runNow('127.0.0.1');
    expect(questions(quiet)).toHaveLength(2);
  });

  test('startEtrn asks nobody while online is never, also not when a person says so', async () => {
    const hop = await provider();
    const { asker } = ask([source(hop)], { online: 'never', ras_timer: 10 });
    expect((await asker.runNow())[0]?.error).toMatch(/^nobody is asked: off line/);
    expect(hop.connections).toBe(0);
  });

  // [what the host does, the error, what was answered]
  const rows: [string, Script, RegExp | null, RegExp | null][] = [
    ['offers no ETRN', { offers: ['DSN'] }, /offers us no ETRN/, null],
    ['is busy', { answers: { ETRN: '458 Unable to queue messages' } }, null, /^458 /],
    ['puts it off at the greeting', { greeting: '421 4.3.2 Busy' }, /421/, null],
    ['hangs up', { answers: { ETRN: 'DROP' } }, null, /^451 4\.4\.2 Connection lost/],
    ['says nothing', { answers: { ETRN: 'SILENCE' } }, null, /^451 4\.4\.2 Connection lost/],
    ['knows no such verb', { answers: { ETRN: '500 5.5.2 What?' } }, null, /^500 /],
    ['answers nonsense', { answers: { ETRN: '\x1b[2Jnonsense' } }, null, /^451 4\.5\.0 not an SMTP answer: \S/],
  ];
  test.each(rows)('startEtrn takes it well when the host %s', async (_, script, error, answer) => {
    const { asker } = ask([source(await provider(script))]);
    const [asked] = await asker.runNow();
    if (error) expect(asked?.error).toMatch(error);
    else expect(asked?.error).toBeNull();
    if (answer) expect(asked?.answers[0]?.answer).toMatch(answer);
    expect(JSON.stringify(asked)).not.toContain('\\u001b');
  });

  test('startEtrn signs in where a user is named, and never shows the password', async () => {
    const login = { user: 'office', password: 'se cret' };
    const hop = await provider({ answers: { ETRN: '250 OK' } });
    expect((await ask([source(hop, { login })]).asker.runNow())[0]?.answers[0]?.good).toBe(true);
    expect(hop.heard).toContain(`AUTH PLAIN ${Buffer.from('\0office\0se cret').toString('base64')}`);
    const wrong = await provider({ answers: { AUTH: '535 5.7.8 not with se cret' } });
    const { asker, told } = ask([source(wrong, { login })]);
    expect((await asker.runNow())[0]?.error).toMatch(/535/);
    expect(JSON.stringify(told)).not.toContain('se cret');
  });

  test('runNow rejects for a host no line names', async () => {
    await expect(ask([]).asker.runNow('elsewhere.test')).rejects.toThrow('no etrn_from line names elsewhere.test');
  });
});

describe('createAlarm', () => {
  test('heard tells postmaster of an upstream that fails for fetch_warn, once a day, and of none that works', async () => {
    const sent: { key: string | null | undefined; text: string }[] = [];
    const submitter = {
      send: async (_: string | null, s: Submission) => {
        let text = '';
        for await (const chunk of typeof s.content === 'function' ? s.content() : s.content) text += chunk.toString();
        sent.push({ key: s.key, text });
        return s.recipients.map(() => reply(250, '0.0', 'OK'));
      },
    };
    let at = Date.UTC(2026, 10, 25);
    const hour = 3_600_000;
    const settings = { fetch_warn: 24 * hour, host_domain: ['office.test'] };
    const alarm = createAlarm({ settings, submitter, log: silentLog(), now: () => at });
    const fails = (hours: number, error: string | null = 'no such\r\nBcc: host') => {
      at += hours * hour;
      alarm.heard('up', error);
    };
    fails(0);
    fails(23);
    fails(0, null);
    fails(2);
    fails(23);
    expect(sent).toEqual([]);
    fails(1);
    fails(20);
    await until('postmaster is told', () => sent.length === 1);
    fails(4);
    await until('postmaster is told again', () => sent.length === 2);
    expect(sent[0]?.text).toMatch(
      /^From: Mail Delivery System <postmaster@office\.test>\r\nTo: <postmaster@office\.test>/,
    );
    expect(sent[0]?.text).not.toMatch(/^Bcc/m);
    expect(new Set(sent.map(s => s.key)).size).toBe(2);
    settings.fetch_warn = 0;
    fails(90);
    expect(sent).toHaveLength(2);
  });
});
