import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Incoming } from '../daemon/intake.ts';
import { openStore } from '../daemon/store.ts';

const fatal = (error: Error) => {
  throw error;
};
const rules = { prepend: 'Received: by x\r\n', drop: ['bcc'], missing: {}, keepHead: true };

test.each([
  ['waits in memory', 10],
  ['is read as it comes', 100_000],
])('Incoming.head has the line ends that are kept, of content that %s', async (_, length) => {
  const path = mkdtempSync(join(tmpdir(), 'cwmail-incoming-'));
  const store = await openStore({ path, writer: 'inline', fatal });
  const incoming = new Incoming(store, rules);
  // A From behind a lone CR is none to who looks at the octets, and one in what is kept.
  for (const piece of ['Subject: a\r', 'From: eve@x\nBcc: y\r\n\r\n', 'x'.repeat(length)])
    await incoming.push(Buffer.from(piece));
  expect(incoming.head.toString()).toMatch(/^Subject: a\r\nFrom: eve@x\r\nBcc: y\r\n\r\nx/);
  expect(incoming.unread() === null).toBe(length > 60_000);
  const { content, hops, bareNewlines } = await incoming.finish();
  expect([content.size, hops, bareNewlines]).toEqual([
    `Received: by x\r\nSubject: a\r\nFrom: eve@x\r\n\r\n`.length + length,
    0,
    true,
  ]);
  await incoming.discard();
  await store.close();
  rmSync(path, { recursive: true });
});
