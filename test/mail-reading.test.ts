import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { type ContentCheck, createIntake } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import { ContentReader, type HeaderRules, type Reading, readContent } from '../daemon/mail/reading.ts';
import { type Account, openStore, type Store } from '../daemon/store.ts';
import { corpusMessages } from './corpus-folder.ts';

/** Numbers in [0, 1) that are the same at each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Cut anywhere, now and then behind each octet. */
function* cut(bytes: Buffer, random: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = random() < 0.3 ? 1 + Math.floor(random() * 4) : 1 + Math.floor(random() * 20_000);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** As content goes that is too large for memory. */
function streamed(content: Buffer, rules: HeaderRules, random: () => number): Reading & { bytes: Buffer } {
  const reader = new ContentReader(rules);
  const kept: Buffer[] = [];
  const keep = (pieces: Buffer[]) => {
    for (const piece of pieces) reader.scan(piece);
    kept.push(...pieces);
  };
  keep(reader.begin());
  for (const chunk of cut(content, random)) keep(reader.push(Buffer.from(chunk)));
  keep(reader.end());
  const bytes = Buffer.concat(kept);
  const texts = reader.texts().map(({ part, from, to }) => ({ part, bytes: bytes.subarray(from, to) }));
  return { bytes, ...reader.reading(texts) };
}

const missing = { date: 'Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n', 'message-id': '<1@x.org>\r\n' };
const submission = { prepend: 'Received: by x\r\n', drop: ['bcc', 'return-path'], missing };
const fromPeer = { prepend: 'Received: by x\r\n', drop: ['return-path'], missing: {} };
const ofOurs = { prepend: '', drop: [], missing: {} };

function expectAlike(what: string, content: Buffer, random: () => number): void {
  for (const rules of [submission, fromPeer, ofOurs]) {
    const { bytes, ...whole } = readContent(content, rules);
    const { bytes: inPieces, ...read } = streamed(content, rules, random);
    expect([what, bytes.equals(inPieces)]).toEqual([what, true]);
    expect([what, read]).toEqual([what, whole]);
  }
}

test('readContent reads the corpus as ContentReader does, wherever it is cut', { timeout: 300_000 }, () => {
  const random = chance(7);
  let read = 0;
  for (const { path, bytes } of corpusMessages()) {
    if (bytes.length > 200_000 || read > 1_500) continue;
    read++;
    expectAlike(path, bytes, random);
  }
  console.log(`read twice: ${read} messages`);
  expect(read).toBeGreaterThan(5);
});

const pieces = [
  ...['\r\n', '\r\n', '\n', '\r', '\r\n\r\n', ' ', '\t', ':', '--b', '--b--', '\r\n--b\r\n', '\r\n--b--\r\n', '--'],
  ...[
    'Subject: a',
    'Bcc: x@y',
    'Received: by z',
    'Return-Path: <a@b>',
    'From x',
    '>From y',
    'Date: now',
    'a'.repeat(79),
  ],
  ...[
    'Content-Type: multipart/mixed; boundary=b\r\n',
    'Content-Type: message/rfc822\r\n',
    'Content-Type: text/html\r\n',
  ],
  ...[
    'Content-Transfer-Encoding: base64\r\n',
    'Content-Transfer-Encoding: quoted-printable\r\n',
    '=C3=A4=\r\n',
    'w6Q=',
  ],
  ...['\u00e9', '\ufeff', '\0', '<p>b</p>', 'word '.repeat(40), '.', '..'],
];

test('readContent reads made-up mail as ContentReader does, wherever it is cut', { timeout: 120_000 }, () => {
  const random = chance(11);
  for (let i = 0; i < 3_000; i++) {
    const some = Array.from({ length: Math.floor(random() * 40) }, () => pieces[Math.floor(random() * pieces.length)]);
    expectAlike(`made-up ${i}`, Buffer.from(some.join('')), random);
  }
});

let path: string;
let store: Store;
let ann: Account;
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-reading-'));
  const fatal = (error: Error) => {
    throw error;
  };
  store = await openStore({ path, writer: 'thread', fatal });
  ann = (await store.accounts.create({ address: 'ann@localhost', name: '', passwordHash: null, quota: 0, at: 1 }))!;
});
afterAll(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

/** Read in the writer's thread, or, where rules want to see it first, on its way in. */
async function taken(content: Buffer, readFirst: boolean, more: object = {}) {
  const { settings } = loadSettings({ config: null, set: [] });
  const rest = { log: silentLog(), now: () => 5, parked: () => null, wake: () => {}, changed: () => {} };
  const check: ContentCheck = async () => ({ refusal: null, discard: false, filing: null, hold: null });
  const msg_filter = readFirst ? 'rules' : '';
  const intake = createIntake({
    store,
    settings: { ...settings, data_path: path, msg_filter, ...more },
    ...rest,
    check,
  });
  const visitor = { origin: 'peer' as const, account: null, address: '192.0.2.1' };
  const handover = { visitor, id: 'id', helo: 'x', protocol: 'ESMTP' };
  const { routes } = await intake.routeRecipient(visitor, 'ann@localhost', 'id');
  const recipients = [{ address: 'ann@localhost', notify: null, orcpt: null, routes }];
  const incoming = intake.receive(handover, recipients);
  for (const chunk of cut(content, chance(content.length))) await incoming.push(Buffer.from(chunk));
  const envelope = { ...{ reversePath: null, recipients, ret: null, envid: null }, eightBit: false, smtpUtf8: false };
  const answer = await intake.accept(handover, incoming, {
    ...{ envelope, recipients, key: null, draftId: null, releaseAt: null },
  });
  const { id } = await store.folders.byRole(ann.id, 'inbox');
  const [message] = (await store.messages.page(ann.id, id, 1)).messages;
  if (answer.code !== 250 || !message) return { answer, message: null };
  const found = (await store.content.get(message.contentId))!;
  const octets = await store.content.read(message.contentId);
  await store.messages.remove(ann.id, [message.id]);
  const { id: _, uid: _u, modseq: _m, contentId: _c, conversation: _o, ...row } = message;
  return { answer, row, tree: found.tree, octets: octets.toString('latin1') };
}

const kinds: [string, (size: number) => Buffer][] = [
  [
    'text',
    size => Buffer.from(`Subject: s\r\n\r\n${'word and word\r\n'.repeat(5_000)}`.slice(0, size - 2).concat('\r\n')),
  ],
  ['lone line feeds', size => Buffer.from(`Subject: s\n\n${'\n'.repeat(size)}`.slice(0, size))],
  ['no header at all', size => Buffer.from('\u00e9 '.repeat(size)).subarray(0, size)],
  ['a header and nothing else', size => Buffer.from(`X: ${'x'.repeat(size)}`.slice(0, size))],
  ['many hops', size => Buffer.from(`${'Received: by x\r\n'.repeat(size / 16)}\r\n`)],
];
test.each(kinds)('accept keeps %s alike, read where it is written and on its way in', async (_, make) => {
  const borders = [0, 1, 2, 60 * 1024, 64 * 1024].flatMap(size => [size - 1, size, size + 1]);
  for (const size of borders.filter(s => s >= 0))
    for (const more of [{}, { bare_newline: 'refuse' as const }])
      expect([size, await taken(make(size), false, more)]).toEqual([size, await taken(make(size), true, more)]);
});
