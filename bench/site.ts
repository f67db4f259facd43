/** The inbox page of a mailbox with 100,000 messages, in conversations of ten, beside one with 1,000, and the first page of a search there. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../daemon/auth.ts';
import { type Acceptance, openStore } from '../daemon/store.ts';
import { inMemory, plainTerms, recipientAt } from '../test/acceptance.ts';
import { startHouse, untilIndexed } from '../test/harness.ts';
import { signIn } from '../test/site-talk.ts';
import { median, ms, type Row, times } from './row.ts';

const password = 'correct horse 1';
const many = 100_000;
/** Two pages of conversations. */
const few = 1_000;

export async function benchSite(): Promise<Row[]> {
  const data = mkdtempSync(join(tmpdir(), 'cwmail-bench-site-'));
  await fill(data, [
    ['few', few],
    ['many', many],
  ]);
  const house = await startHouse({ data });
  const origin = `http://127.0.0.1:${house.ports.http}`;
  try {
    const little = await signIn(origin, 'few', password);
    const lots = await signIn(origin, 'many', password);
    const inbox = await inTurn(
      () => little.get('/mail/inbox'),
      () => lots.get('/mail/inbox'),
    );
    const word = await timed(() => lots.get('/search?q=quarterly'), 30);
    const phrase = await timed(() => lots.get(`/search?q=${encodeURIComponent('"budget meeting" spring')}`), 30);
    return [
      {
        what: `Inbox page, ${many.toLocaleString('en')} messages beside ${few.toLocaleString('en')}`,
        ours: ms(inbox[1]),
        peer: ms(inbox[0]),
        peerName: `ours with ${few.toLocaleString('en')} messages`,
        ratio: times(inbox[1], inbox[0]),
      },
      {
        what: `Search page, one word, ${many.toLocaleString('en')} messages`,
        ours: ms(word),
        peer: null,
        peerName: '',
        ratio: 'under 50 ms',
      },
      {
        what: `Search page, a phrase and a word, ${many.toLocaleString('en')} messages`,
        ours: ms(phrase),
        peer: null,
        peerName: '',
        ratio: 'under 50 ms',
      },
    ];
  } finally {
    await house.remove();
  }
}

async function inTurn(a: () => Promise<unknown>, b: () => Promise<unknown>): Promise<[number, number]> {
  const seen: [number[], number[]] = [[], []];
  for (let i = 0; i < 60; i++) {
    seen[0].push(await once(a));
    seen[1].push(await once(b));
  }
  return [median(seen[0].slice(10)), median(seen[1].slice(10))];
}

async function timed(act: () => Promise<unknown>, count: number): Promise<number> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push(await once(act));
  return median(seen.slice(5));
}

async function once(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

const vocabulary = Array.from({ length: 20_000 }, (_, i) => `word${i.toString(36)}`);

/** Straight into the store: what is measured is reading. Words fall as they do in languages, few often, most seldom. */
async function fill(path: string, boxes: [string, number][]): Promise<void> {
  const store = await openStore({
    path,
    writer: 'thread',
    fatal: error => {
      throw error;
    },
  });
  for (const [name, count] of boxes) {
    const address = `${name}@localhost`;
    const account = await store.accounts.create({
      address,
      name,
      passwordHash: await hashPassword(password),
      quota: 0,
      at: 1,
    });
    for (let i = 0; i < count; i += 500)
      await Promise.all(
        Array.from({ length: 500 }, (_, k) =>
          i + k < count ? store.accept(letter(i + k, account!.id, address)) : null,
        ),
      );
  }
  await untilIndexed(store);
  await store.close();
}

function letter(i: number, accountId: number, address: string): Acceptance {
  const word = (k: number) =>
    vocabulary[Math.floor(vocabulary.length ** (((i * 31 + k * 17) % 997) / 997)) % vocabulary.length]!;
  const body =
    Array.from({ length: 60 }, (_, k) => word(k)).join(' ') +
    (i % 50 === 0 ? ' quarterly budget meeting in spring' : '');
  const bytes = Buffer.from(`From: Eve <eve@example.net>\r\nTo: ${address}\r\nSubject: letter ${i}\r\n\r\n${body}\r\n`);
  return {
    ...plainTerms,
    ...inMemory(bytes),
    summary: {
      subject: `letter ${i}`,
      fromName: `Eve ${i % 100}`,
      fromAddress: 'eve@example.net',
      to: address,
      date: 1_790_000_000_000 + i,
      snippet: body.slice(0, 150),
      messageId: `${i}@example.net`,
      // Conversations of ten.
      inReplyTo: i % 10 === 0 ? null : `${i - 1}@example.net`,
      references: i % 10 === 0 ? [] : [`${i - (i % 10)}@example.net`, `${i - 1}@example.net`],
      attachments: i % 10 === 0 ? 1 : 0,
    },
    receivedAt: 1_790_000_000_000 + i,
    reversePath: 'eve@example.net',
    recipients: [recipientAt({ kind: 'mailbox', accountId, address })],
  };
}
