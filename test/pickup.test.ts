import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { createIntake } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import { readHeader } from '../daemon/mail/header.ts';
import { namedEnvelope } from '../daemon/mail/named-envelope.ts';
import { createPickup } from '../daemon/pickup.ts';
import { openStore } from '../daemon/store.ts';
import { runCommand } from './commands.ts';
import { type House, startHouse, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';

const password = 'correct horse 1';
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

describe('namedEnvelope', () => {
  const given = (path: string | null) => ({ kind: 'given', path });
  const header = (...addresses: string[]) => ({ kind: 'header', addresses });
  test.each<[string, string, object, string[], string[]]>([
    // Recipients: To, Cc and Bcc, each once; names without a domain are ours.
    [
      'To, Cc and Bcc',
      'From: a@x.example\nTo: B <b@x.example>, c@y.example\nCc: B@X.example\nBcc: d@z.example',
      header('a@x.example'),
      ['B@x.example', 'c@y.example', 'd@z.example'],
      [],
    ],
    ['a bare name', 'From: root\nTo: root, ann', header('root@us.example'), ['root@us.example', 'ann@us.example'], []],
    ['a group', 'To: all: a@x.example, b@x.example;', header(), ['a@x.example', 'b@x.example'], []],
    ['nobody', 'From: a@x.example\nTo: undisclosed-recipients:;', header('a@x.example'), [], []],
    ['several fields', 'To: a@x.example\nTo: b@x.example', header(), ['a@x.example', 'b@x.example'], []],
    ['what is no address', 'To: a@x.example, a@b@c', header(), ['a@x.example'], ['to: a@b@c']],
    ['resent fields before plain ones', 'To: a@x.example\nResent-To: b@x.example', header(), ['b@x.example'], []],
    // Envelope fields before all others.
    [
      'X-Envelope-To',
      'To: a@x.example\nX-Envelope-To: <b@x.example>\nX-Envelope-From: <s@x.example>',
      given('s@x.example'),
      ['b@x.example'],
      [],
    ],
    [
      'X-Sender and X-Receiver',
      'X-Sender: s@x.example\nX-Receiver: b@x.example\nX-Receiver: c@x.example\nTo: a@x.example',
      given('s@x.example'),
      ['b@x.example', 'c@x.example'],
      [],
    ],
    ['an empty sender', 'X-Envelope-From: <>\nTo: a@x.example\nFrom: b@x.example', given(null), ['a@x.example'], []],
    [
      'a wrong envelope sender',
      'X-Envelope-From: a@b@c\nTo: a@x.example',
      header(),
      ['a@x.example'],
      ['x-envelope-from: a@b@c'],
    ],
    // The sender: Return-Path, Sender, From.
    [
      'Return-Path',
      'Return-Path: <r@x.example>\nSender: s@x.example\nFrom: f@x.example\nTo: a@x.example',
      given('r@x.example'),
      ['a@x.example'],
      [],
    ],
    [
      'Sender before From',
      'Sender: s@x.example\nFrom: f@x.example, g@x.example\nTo: a@x.example',
      header('s@x.example', 'f@x.example'),
      ['a@x.example'],
      [],
    ],
  ])('%s', (_, text, sender, recipients, wrong) => {
    expect(namedEnvelope(readHeader(Buffer.from(text)), 'us.example')).toEqual({ sender, recipients, wrong });
  });
});

describe('pickup', () => {
  let house: House;
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-pickup-'));
  const bad = join(folder, 'bad');
  beforeAll(async () => {
    house = await startHouse({ set: { pickup_path: folder, max_message_size: '1M' } });
    for (const user of ['ann', 'bo', 'cy']) await house.addUser(`${user}@localhost`, password);
  });
  afterAll(async () => {
    await house.remove();
    rmSync(folder, { recursive: true });
  });

  const inbox = async (user: string) =>
    (await popMessages(house.ports.pop3, `${user}@localhost`, password, { remove: true })).map(m =>
      m.toString('latin1'),
    );
  const gone = (name: string) => until(`${name} to be taken`, () => !existsSync(join(folder, name)));
  const put = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
  const reason = async (name: string) => {
    await until(`${name} in bad`, () => existsSync(join(bad, `${name}.reason`)));
    return readFileSync(join(bad, `${name}.reason`), 'utf8');
  };

  test('a file with LF lines goes to To, Cc and Bcc, without its Bcc and with what it lacks', async () => {
    put(
      'one',
      'From: Ann <ann@localhost>\nTo: bo@localhost\nCc: Dave <dave@far.example>\nBcc: cy@localhost\nSubject: Hi\n\nHello\n.\nthere',
    );
    await gone('one');
    const [toBo] = await inbox('bo');
    const [toCy] = await inbox('cy');
    expect(toBo).toMatch(
      /^Return-Path: <ann@localhost>\r\nDelivered-To: bo@localhost\r\nReceived: by localhost with local id /,
    );
    expect(toBo).toMatch(
      /\r\nSubject: Hi\r\nDate: [^\r]+\r\nMessage-ID: <[^\r]+@localhost>\r\n\r\nHello\r\n\.\r\nthere\r\n$/,
    );
    expect(toBo).not.toMatch(/bcc|cy@/i);
    expect(toCy!.replace(/Delivered-To: cy/, 'Delivered-To: bo')).toBe(toBo);
    const queue = JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout);
    expect(queue).toMatchObject([{ sender: 'ann@localhost', recipient: 'dave@far.example' }]);
    expect(existsSync(bad)).toBe(false);
  });

  test('envelope fields decide, in both spellings, and do not go out', async () => {
    put(
      'two',
      'X-Sender: bounces@localhost\r\nX-Receiver: bo@localhost\r\nFrom: shop@elsewhere.example\r\nTo: list@elsewhere.example\r\nDate: x\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n',
    );
    put('three', 'X-Envelope-From: <>\nX-Envelope-To: cy@localhost\nFrom: a@b.example\nTo: c@d.example\n\ntext\n');
    await Promise.all([gone('two'), gone('three')]);
    expect((await inbox('bo'))[0]).toMatch(
      /^Return-Path: <bounces@localhost>[\s\S]*\d\d\r\nFrom: shop@elsewhere\.example\r\nTo: list@elsewhere\.example\r\nDate: x\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n$/,
    );
    expect((await inbox('cy'))[0]).toMatch(/^Return-Path: <>\r\n/);
  });

  test('names that begin with a dot or end in .tmp wait for their rename', async () => {
    put('.hidden', 'From: ann@localhost\nTo: bo@localhost\n\nhidden\n');
    put('half.tmp', 'From: ann@localhost\nTo: bo@localhost\n\nhalf\n');
    put('marker', 'From: ann@localhost\nTo: cy@localhost\n\nmarker\n');
    await gone('marker');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['.hidden', 'half.tmp']));
    renameSync(join(folder, 'half.tmp'), join(folder, 'half'));
    renameSync(join(folder, '.hidden'), join(folder, 'hidden'));
    await Promise.all([gone('half'), gone('hidden')]);
    expect((await inbox('bo')).map(m => m.trimEnd().split('\r\n').at(-1)).sort()).toEqual(['half', 'hidden']);
    await inbox('cy');
  });

  test('a file that is still being written is left alone until it is whole', async () => {
    put('slow', 'From: ann@localhost\nTo: bo@localhost\n\n');
    for (let line = 1; line <= 8; line++) {
      await pause(500);
      appendFileSync(join(folder, 'slow'), `line ${line}\n`);
    }
    expect(existsSync(join(folder, 'slow'))).toBe(true);
    await gone('slow');
    expect((await inbox('bo')).map(m => m.split('\r\n\r\n')[1])).toEqual([
      Array.from({ length: 8 }, (_, i) => `line ${i + 1}\r\n`).join(''),
    ]);
  });

  const badFiles: [string, string, RegExp][] = [
    ['empty', '', /it is empty/],
    ['to-nobody', 'From: ann@localhost\n\nx\n', /names no recipient/],
    ['no-header', 'just text\nand more\n', /needs a sender of localhost/],
    [
      'foreign',
      'From: ann@far.example\nTo: bo@localhost\n\nx\n',
      /sender of localhost in .*: ann@far\.example is none/,
    ],
    [
      'forged',
      'X-Envelope-From: ann@far.example\nTo: bo@localhost\n\nx\n',
      /ann@far\.example is not taken: 550 5\.7\.1/,
    ],
    ['unknown', 'From: ann@localhost\nTo: nobody@localhost\n\nx\n', /nobody@localhost: 550 5\.1\.1 No such user here/],
    ['wrong', 'From: ann@localhost\nTo: a@b@c\n\nx\n', /to: a@b@c: it is no address/],
    ['large', `From: ann@localhost\nTo: bo@localhost\n\n${'x'.repeat(1024 * 1024)}\n`, /larger than 1048576 octets/],
  ];
  test('bad files move to bad, with the reason beside them', async () => {
    for (const [name, text] of badFiles) put(name, text);
    for (const [name, text, why] of badFiles) {
      expect(await reason(name)).toMatch(why);
      expect(readFileSync(join(bad, name), 'utf8')).toBe(text);
      expect(existsSync(join(folder, name))).toBe(false);
    }
    expect(await inbox('bo')).toEqual([]);
  });

  test('of several recipients the good ones get it, and the reason names both', async () => {
    put('mixed', 'From: ann@localhost\nTo: bo@localhost, nobody@localhost\n\nx\n');
    expect(await reason('mixed')).toMatch(/nobody@localhost: 550 5\.1\.1 .*\nThe others have it: bo@localhost/);
    expect(await inbox('bo')).toHaveLength(1);
    // The same name again does not take the place of the first.
    put('mixed', 'From: ann@localhost\nTo: nobody@localhost\n\nsecond\n');
    expect(await reason('mixed.2')).toMatch(/nobody/);
    expect(readFileSync(join(bad, 'mixed'), 'utf8')).toMatch(/bo@localhost/);
  });

  test('links, pipes and folders are not followed, and hold nothing up', async () => {
    const secret = join(house.data, 'secret');
    writeFileSync(secret, 'From: ann@localhost\nTo: bo@localhost\n\nsecret\n');
    symlinkSync(secret, join(folder, 'link'));
    const other = mkdtempSync(join(tmpdir(), 'cwmail-other-'));
    writeFileSync(join(other, 'hard'), 'From: ann@localhost\nTo: bo@localhost\n\nsecret\n');
    linkSync(join(other, 'hard'), join(folder, 'hard'));
    mkdirSync(join(folder, 'inner'));
    put('inner/x', 'From: ann@localhost\nTo: bo@localhost\n\nx\n');
    await runCommand('mkfifo', [join(folder, 'pipe')]);
    put('last', 'From: ann@localhost\nTo: cy@localhost\n\nlast\n');
    await gone('last');
    expect(await reason('link')).toMatch(/a symbolic link/);
    expect(await reason('pipe')).toMatch(/no plain file/);
    expect(existsSync(join(folder, 'hard'))).toBe(true);
    expect(existsSync(join(folder, 'inner/x'))).toBe(true);
    expect(await inbox('bo')).toEqual([]);
    // Its other name goes, and it is a file like any other.
    rmSync(other, { recursive: true });
    await gone('hard');
    expect(await inbox('bo')).toHaveLength(1);
    await inbox('cy');
  });

  test('what was put there while the house was down is sent at its start; odd names are names', async () => {
    await house.stop();
    const odd = Buffer.concat([Buffer.from(`${folder}/odd \xff name\n`, 'latin1')]);
    writeFileSync(odd, 'From: ann@localhost\nTo: bo@localhost\n\nodd\n');
    await house.restart();
    await until('the mail', async () => (await inbox('bo')).length === 1);
    expect(existsSync(odd)).toBe(false);
  });
});

/** A pickup of our own on a store and a door, without the rest of the house. */
async function rig() {
  const path = mkdtempSync(join(tmpdir(), 'cwmail-pickup-'));
  const folder = join(path, 'in');
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ path, writer: 'inline', fatal });
  const made = { address: 'ann@localhost', name: '', passwordHash: null, quota: 0, at: 1 };
  const account = (await store.accounts.create(made))!;
  const settings = { ...loadSettings({ config: null, set: [] }).settings, data_path: path, pickup_path: folder };
  const log = silentLog();
  const now = () => Date.now();
  const intake = createIntake({ store, settings, log, now, parked: () => null, wake: () => {}, changed: () => {} });
  return {
    folder,
    intake,
    account,
    store,
    options: { settings, intake, log, now, settleMs: 200 },
    inbox: () => store.messages.maildrop(account.id),
    async close() {
      await store.close();
      rmSync(path, { recursive: true });
    },
  };
}

const letter = 'From: ann@localhost\nTo: ann@localhost\n\nonce\n';

test('pickup waits for a file to be left alone, however often it looks, and takes renamed ones meanwhile', async () => {
  const { folder, options, inbox, close } = await rig();
  const pickup = createPickup({ ...options, settleMs: 600_000 });
  await pickup.start();
  writeFileSync(join(folder, 'half'), letter);
  for (const name of ['a', 'b']) {
    writeFileSync(join(folder, `.${name}`), letter);
    // Long enough to be seen under that name, by the clock if nothing else.
    await pause(1_500);
    renameSync(join(folder, `.${name}`), join(folder, name));
    await until(`${name} to be taken`, () => !existsSync(join(folder, name)));
  }
  await pickup.stop();
  expect(existsSync(join(folder, 'half'))).toBe(true);
  expect(await inbox()).toHaveLength(2);
  await close();
});

test('a folder that is gone is looked for until it is back', async () => {
  const { folder, options, inbox, close } = await rig();
  const pickup = createPickup(options);
  await pickup.start();
  rmSync(folder, { recursive: true });
  await pause(1_500);
  mkdirSync(folder);
  writeFileSync(join(folder, 'a'), letter);
  await until('the mail', async () => (await inbox()).length === 1);
  await pickup.stop();
  await close();
});

test('what cannot be taken now stays, and those who have it do not get it again', async () => {
  const { folder, store, account, options, inbox, close } = await rig();
  const full = { address: 'bo@localhost', name: '', passwordHash: null, quota: 1, at: 1 };
  const bo = (await store.accounts.create(full))!;
  await store.accept((await options.intake.prepareReport({ to: 'bo@localhost', bytes: Buffer.from('x'), key: 'k' }))!);
  const first = createPickup(options);
  await first.start();
  writeFileSync(join(folder, 'two'), 'From: ann@localhost\nTo: ann@localhost, bo@localhost\n\nx\n');
  await until('the first copy', async () => (await inbox()).length === 1);
  await first.stop();
  expect(existsSync(join(folder, 'two'))).toBe(true);
  await store.accounts.set(bo.id, { quota: 0 });
  const second = createPickup(options);
  await second.start();
  await until('the removal', () => !existsSync(join(folder, 'two')));
  await second.stop();
  expect(await store.messages.maildrop(account.id)).toHaveLength(1);
  expect(await store.messages.maildrop(bo.id)).toHaveLength(2);
  await close();
});

test('pickup sends once though it ends between the 250 and the removal', async () => {
  const { folder, intake, options, inbox, close } = await rig();
  let accepted = 0;
  const dying = {
    ...intake,
    accept: async (...args: Parameters<typeof intake.accept>) => {
      await intake.accept(...args);
      accepted++;
      throw new Error('killed');
    },
  };
  const first = createPickup({ ...options, intake: dying });
  await first.start();
  writeFileSync(join(folder, 'a'), letter);
  await until('the first 250', () => accepted === 1);
  await first.stop();
  expect(existsSync(join(folder, 'a'))).toBe(true);
  const second = createPickup(options);
  await second.start();
  await until('the removal', () => !existsSync(join(folder, 'a')));
  await second.stop();
  expect(await inbox()).toHaveLength(1);
  await close();
});
