import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MailStream } from '../daemon/smtp-server/stream.ts';
import { openStore, type Store } from '../daemon/store.ts';

let path: string;
let store: Store;
const faults: Error[] = [];
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-content-'));
  store = await openStore({ path, writer: 'inline', fatal: error => faults.push(error) });
});
afterAll(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

const large = Buffer.alloc(100_000, 'x');
const openFiles = () =>
  readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.startsWith(join(path, 'content')) ? [file] : [];
    } catch {
      return [];
    }
  });

test('discard in the middle of a write leaves neither a file nor a descriptor', async () => {
  const writer = store.content.create();
  const writing = writer.write(large);
  await writer.discard();
  await writing;
  expect(readdirSync(join(path, 'content', 'tmp'))).toEqual([]);
  expect(openFiles()).toEqual([]);
});

test.each([
  ['in a file', large],
  ['in memory', Buffer.from('small')],
])('finish after discard rejects, %s, and is no failure of the disk', async (_, bytes) => {
  const writer = store.content.create();
  await writer.write(bytes);
  await writer.discard();
  await expect(writer.finish()).rejects.toThrow('discarded');
  expect(faults).toEqual([]);
});

test('MailStream does not end content whose peer went away while the disk was slow', async () => {
  const stream = new MailStream({});
  let goOn = () => {};
  const slow = new Promise<void>(resolve => {
    goOn = resolve;
  });
  let ended = 0;
  const end = async () => void ended++;
  stream.takeContent({ push: () => slow, end });
  const written = new Promise(resolve => stream.write('text\r\n.\r\n', resolve));
  // What the package does when the socket closes.
  stream.isClosed = true;
  goOn();
  await written;
  expect(ended).toBe(0);
});

test('MailStream ends content whose peer is still there', async () => {
  const stream = new MailStream({});
  let ended = 0;
  stream.takeContent({ push: async () => {}, end: async () => void ended++ });
  await new Promise(resolve => stream.write('text\r\n.\r\n', resolve));
  expect(ended).toBe(1);
});
