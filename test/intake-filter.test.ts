import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { type ContentCheck, type ContentFilter, createContentFilter, createIntake } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import { scan } from '../daemon/mail/parts.ts';
import type { Reply } from '../daemon/mail/reply.ts';
import { type Account, type Origin, openStore, type Store } from '../daemon/store.ts';

let path: string;
let rules: string;
let store: Store;
let ann: Account;
let filter: ContentFilter;
const clock = { now: 1 };
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-filter-'));
  rules = join(path, 'rules');
  const fatal = (error: Error) => {
    throw error;
  };
  store = await openStore({ path, writer: 'inline', fatal });
  ann = (await store.accounts.create({ address: 'ann@localhost', name: '', passwordHash: null, quota: 0, at: 1 }))!;
  writeFileSync(rules, 'reject for peers body BAD\ndiscard for submission body BAD\nquarantine for fetched body BAD\n');
  filter = createContentFilter({ settings: settings(), log: silentLog(), now: () => clock.now });
});
afterAll(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

const settings = () => ({ ...loadSettings({ config: null, set: [] }).settings, data_path: path, msg_filter: rules });

function door(check: ContentCheck) {
  const now = () => clock.now;
  const rest = { log: silentLog(), now, parked: () => null, wake: () => {}, changed: () => {} };
  return createIntake({ store, settings: settings(), ...rest, check });
}

async function give(origin: Origin, text: string, check = filter.check, key: string | null = null): Promise<Reply> {
  const intake = door(check);
  const account = origin === 'webmail' || origin === 'submitter' ? ann : null;
  const handover = { visitor: { origin, account, address: '127.0.0.1' }, id: 'id', helo: 'x', protocol: 'ESMTP' };
  const { routes } = await intake.routeRecipient(handover.visitor, 'ann@localhost', 'id');
  const recipients = [{ address: 'ann@localhost', notify: null, orcpt: null, routes }];
  const incoming = intake.receive(handover, recipients);
  await incoming.push(Buffer.from(`Subject: x\r\n\r\n${text}\r\n`));
  const envelope = {
    reversePath: 'ann@localhost',
    recipients,
    ret: null,
    envid: null,
    eightBit: false,
    smtpUtf8: false,
  };
  return await intake.accept(handover, incoming, { envelope, recipients, key, draftId: null, releaseAt: null });
}

const counts = async () =>
  Object.fromEntries((await store.folders.list(ann.id)).filter(f => f.total > 0).map(f => [f.role, f.total]));

test('each rule looks at the mail of its givers; what the webmail sent is kept in Sent though it is dropped', async () => {
  expect(await give('peer', 'BAD')).toMatchObject({ code: 550, status: '7.1' });
  expect(await counts()).toEqual({});
  for (const origin of ['submitter', 'local'] as const) expect(await give(origin, 'BAD')).toMatchObject({ code: 250 });
  expect(await counts()).toEqual({});
  expect(await give('webmail', 'BAD')).toMatchObject({ code: 250 });
  expect(await counts()).toEqual({ sent: 1 });
  expect(await give('fetcher', 'BAD')).toMatchObject({ code: 250 });
  expect(await counts()).toEqual({ sent: 1, junk: 1 });
  expect(filter.list().map(r => r.hits)).toEqual([1, 3, 1]);
  // A form sent twice is one submission, also where nobody gets it.
  for (const again of [false, true])
    expect(await give('webmail', 'BAD', filter.check, 'draft:1')).toMatchObject({
      code: 250,
      text: again ? expect.stringContaining('was here already') : expect.stringContaining('accepted'),
    });
  expect(await counts()).toEqual({ sent: 2, junk: 1 });
});

test('a tag lets the next rules look; the first that decides is the last', async () => {
  const path = join(rules, '../more');
  writeFileSync(path, 'tag "one" body x\ntag body x\nquarantine "look" body x\nreject body x\ntag "late" body x\n');
  const own = createContentFilter({ settings: { msg_filter: path }, log: silentLog(), now: () => clock.now });
  const bytes = Buffer.from('Subject: s\r\n\r\nx\r\n');
  const read = async (from: number, to: number) => bytes.subarray(from, to);
  expect(await own.check({ ...scan(bytes), read }, { id: 'id', visitor: { origin: 'peer' } })).toEqual({
    refusal: null,
    discard: false,
    filing: { role: 'junk', fields: 'X-CWMail-Filter: one\r\nX-CWMail-Filter: rule 2\r\n' },
    hold: 'held by filter rule 3: look',
  });
  expect(own.list().map(r => r.hits)).toEqual([1, 1, 1, 0, 0]);
});

test('mail held for later is marked when it is released, and Junk is not passed by', async () => {
  const held = async (line: string) => {
    const path = join(rules, '../held');
    writeFileSync(path, `${line}\n`);
    const own = createContentFilter({ settings: { msg_filter: path }, log: silentLog(), now: () => clock.now });
    const intake = door(own.check);
    const handover = { visitor: { origin: 'submitter' as const, account: ann, address: '127.0.0.1' }, id: 'id' };
    const recipients = [{ address: 'ann@localhost', notify: null, orcpt: null, routes: [] }];
    const session = { ...handover, helo: 'x', protocol: 'ESMTP' };
    const incoming = intake.receive(session, recipients);
    await incoming.push(Buffer.from('From: ann@localhost\r\nSubject: x\r\n\r\nlater\r\n'));
    const dsn = { ret: null, envid: null, eightBit: false, smtpUtf8: false };
    const envelope = { reversePath: 'ann@localhost', recipients, ...dsn };
    const submitted = { envelope, recipients, key: null, draftId: null, releaseAt: 10_000 };
    expect(await intake.accept(session, incoming, submitted)).toMatchObject({ code: 250 });
    const { release } = await intake.prepareRelease((await store.deliveries.list(100)).slice(-1));
    return release?.filing.filing;
  };
  expect(await held('tag "seen" body later')).toEqual({ role: 'inbox', fields: 'X-CWMail-Filter: seen\r\n' });
  expect(await held('quarantine body later')).toEqual({ role: 'junk', fields: '' });
  expect(await held('tag "seen" body sooner')).toBeUndefined();
});

test('our own reports are never looked at', async () => {
  const text = 'Subject: Not delivered\r\n\r\nBAD\r\n';
  const report = await door(filter.check).prepareReport({ to: 'ann@localhost', bytes: Buffer.from(text), key: 'k' });
  expect(report?.recipients).toHaveLength(1);
});

test('a check that fails is temporary, and nothing of the mail stays', async () => {
  const before = await counts();
  const failing = async () => {
    throw new Error('no memory');
  };
  expect(await give('peer', 'good', failing)).toMatchObject({ code: 451 });
  expect(await counts()).toEqual(before);
});

test('the file is read again when it changes, and by hand; with mistakes the rules before stay', () => {
  expect(filter.reread()).toBe(true);
  writeFileSync(rules, 'reject body one\nreject body two\n');
  clock.now += 5_000;
  expect(filter.list().map(r => r.rule)).toEqual(['reject body one', 'reject body two']);
  writeFileSync(rules, 'reject body one\nreject bodies two\n');
  expect(filter.reread()).toBe(false);
  expect(filter.list()).toHaveLength(2);
});

test('counters outlive a restart by the text of their rule', () => {
  filter.restore(JSON.stringify([['reject body two', 7]]));
  const next = createContentFilter({ settings: settings(), log: silentLog(), now: () => clock.now });
  writeFileSync(rules, 'reject body two\n');
  next.reread();
  next.restore(filter.snapshot());
  expect(next.list()).toEqual([{ number: 1, line: 1, rule: 'reject body two', hits: 7 }]);
  next.restore('no JSON');
  expect(next.list()[0]?.hits).toBe(7);
});
