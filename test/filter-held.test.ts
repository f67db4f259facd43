import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts, type House, startHouse, until } from './harness.ts';
import { openTalk, popMessages } from './mail-talk.ts';

const password = 'correct horse 1';
const folder = mkdtempSync(join(tmpdir(), 'cwmail-filter-held-'));
const rules = join(folder, 'filter.txt');
const login = Buffer.from(`\0ann@localhost\0${password}`).toString('base64');

/** Content rules and mail that its author put off (RFC 4865): those of its release hold. */
describe('msg_filter and mail held for later', { timeout: 180_000 }, () => {
  let house: House;
  beforeAll(async () => {
    writeFileSync(rules, 'quarantine body suspicious\n');
    const [dead] = await freePorts(1);
    house = await startHouse({ set: { msg_filter: rules, online: 'always', gateway: `* 127.0.0.1:${dead}` } });
    await house.addUser('ann@localhost', password);
    await house.addUser('bo@localhost', password);
  });
  afterAll(async () => {
    await house.remove();
    rmSync(folder, { recursive: true });
  });

  const hold = async (body: string, seconds: number) => {
    const talk = await openTalk(house.ports.submission);
    await talk.reply();
    for (const command of [
      'EHLO test.example',
      `AUTH PLAIN ${login}`,
      `MAIL FROM:<ann@localhost> HOLDFOR=${seconds}`,
      'RCPT TO:<bo@localhost>',
      'RCPT TO:<carol@far.example>',
      'DATA',
    ])
      expect(await talk.ask(command)).toMatch(/^[23]/);
    expect(await talk.ask(`From: ann@localhost\r\nSubject: ${body}\r\n\r\n${body}\r\n.`)).toMatch(/^250/);
    talk.socket.destroy();
  };
  type Row = { id: number; state: string; recipient: string; reason: string; next: string };
  const queue = async (): Promise<Row[]> => JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout);
  const inbox = async (user: string) =>
    (await popMessages(house.ports.pop3, user, password, { remove: true })).map(m => m.toString('latin1'));
  const clear = () => house.cli(['queue', 'delete', '--all']);

  test('a reject written meanwhile refuses it for all, and its author is told', async () => {
    await hold('secrets', 3);
    expect(await queue()).toHaveLength(2);
    writeFileSync(rules, 'quarantine body suspicious\nreject "Not from here" body secrets\n');
    const [report] = await until('the report', async () => {
      const mail = await inbox('ann@localhost');
      return mail.length > 0 && mail;
    });
    expect(report).toMatch(
      /Final-Recipient: rfc822; bo@localhost\r\n(.+\r\n)*Diagnostic-Code: smtp; ?550 5\.7\.1 Not from here/,
    );
    expect(report).toMatch(/Final-Recipient: rfc822; carol@far\.example\r\n/);
    expect(await queue()).toEqual([]);
    expect(await inbox('bo@localhost')).toEqual([]);
  });

  test('a discard written meanwhile gives it to nobody, and nobody is told', async () => {
    await hold('leaflet', 2);
    writeFileSync(rules, 'quarantine body suspicious\ndiscard body leaflet\n');
    await until('its end', async () => (await queue()).length === 0);
    expect([await inbox('ann@localhost'), await inbox('bo@localhost')]).toEqual([[], []]);
  });

  test('a quarantine written meanwhile holds what goes elsewhere, once: a person lets it go', async () => {
    await hold('circular', 2);
    writeFileSync(rules, 'quarantine body suspicious\nquarantine body circular\n');
    const [held] = await until('the hold', async () => {
      const rows = await queue();
      return rows.length === 1 && rows;
    });
    expect(held).toMatchObject({ recipient: 'carol@far.example', state: 'held', reason: 'held by filter rule 2' });
    expect(await inbox('bo@localhost')).toEqual([]);
    expect((await house.cli(['queue', 'release', String(held!.id)])).code).toBe(0);
    await until('an attempt', async () => (await queue())[0]?.reason.includes('connection refused'));
    await clear();
  });

  test.each(['release', 'retry'])(
    'what was quarantined before keeps its time when a person lets it go: %s',
    async how => {
      await hold('suspicious', 3600);
      const held = await queue();
      expect(held.map(r => [r.state, r.reason])).toEqual(Array(2).fill(['held', 'held by filter rule 1']));
      const { stdout } = await house.cli(['queue', 'show', String(held[0]!.id)]);
      const at = /^next +when it is released, then at (\S+)$/m.exec(stdout)?.[1] ?? '';
      expect(Date.parse(at) - Date.now()).toBeGreaterThan(3_000_000);
      await house.cli(['queue', how, ...held.map(r => String(r.id))]);
      const after = await queue();
      expect(after.map(r => [r.state, r.reason, r.next])).toEqual(
        held.map(() => ['held', 'held for its time, as its author asked', at]),
      );
      // Let go once more it goes at once, and the rule does not take it again.
      await house.cli(['queue', 'release', ...held.map(r => String(r.id))]);
      await until('an attempt', async () => (await queue()).some(r => r.reason.includes('connection refused')));
      expect((await queue()).map(r => r.recipient)).toEqual(['carol@far.example']);
      await clear();
    },
  );
});
