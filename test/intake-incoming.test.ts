import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Incoming } from '../daemon/intake.ts';
import { openStore } from '../daemon/store.ts';
import { openDoor, stranger } from './recipient-rig.ts';

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

test('what was cut by max_message_size is refused, though a reload allows more before it ends', async () => {
  const door = await openDoor(['host_domain=us.test', 'max_message_size=100k']);
  await door.account('ann@us.test');
  const handover = { visitor: stranger, id: 'id', helo: 'x', protocol: 'ESMTP' };
  const { routes } = await door.intake.routeRecipient(stranger, 'ann@us.test', 'id');
  const recipients = [{ address: 'ann@us.test', notify: null, orcpt: null, routes }];
  const incoming = door.intake.receive(handover, recipients);
  const envelope = { reversePath: null, recipients, ret: null, envid: null, eightBit: false, smtpUtf8: false };
  const submitted = { envelope, recipients, key: null, draftId: null, releaseAt: null };
  await incoming.push(Buffer.from('Subject: x\r\n\r\n'));
  await incoming.push(Buffer.alloc(150_000, 'x\r\n'));
  door.settings.max_message_size = 1_000_000;
  await incoming.push(Buffer.from('the end\r\n'));
  expect(await door.intake.accept(handover, incoming, submitted)).toMatchObject({ code: 552, status: '3.4' });
  await door.close();
});
