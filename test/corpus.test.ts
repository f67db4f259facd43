import { afterAll, beforeAll, expect, test } from 'vitest';
import { corpusFolder, corpusMessages } from './corpus-folder.ts';
import { type House, startHouse } from './harness.ts';
import { popMessages, sendMany } from './mail-talk.ts';
import { signIn } from './site-talk.ts';

const password = 'correct horse 1';
const messages = corpusMessages();
let house: House;
beforeAll(async () => {
  house = await startHouse();
  await house.addUser('ann@localhost', password);
}, 180_000);
afterAll(() => house.remove());

const stuffed = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(bytes.toString('latin1').replace(/^\./gm, '..'), 'latin1'), Buffer.from('.\r\n')]);

/** Without what we add in front, and what the last hop owns. */
function withoutTrace(message: Buffer): string {
  const text = message
    .toString('latin1')
    .replace(/^Return-Path: .*\r\nDelivered-To: .*\r\nReceived: [^;]*;\r\n\t.*\r\n/, '');
  return withoutReturnPath(text);
}

/** The old Return-Path goes, of the header only. */
function withoutReturnPath(text: string): string {
  const end = text.indexOf('\r\n\r\n');
  const header = end < 0 ? text : text.slice(0, end + 2);
  return header.replace(/^return-path[ \t]*:.*\r\n([ \t].*\r\n)*/gim, '') + (end < 0 ? '' : text.slice(end + 2));
}

test('corpus goes in by SMTP and comes out by POP3 byte for byte, but for the trace fields', async () => {
  const replies = await sendMany(
    house.ports.smtp,
    messages.map(m => ({ from: 'eve@example.net', to: ['ann@localhost'], data: stuffed(m.bytes) })),
  );
  const refused = replies.map((r, i) => [messages[i]!.path, r]).filter(([, r]) => !r!.startsWith('250'));
  expect(refused).toEqual([]);
  const out = await popMessages(house.ports.pop3, 'ann@localhost', password);
  expect(out).toHaveLength(messages.length);
  const differing = messages.filter((m, i) => withoutTrace(out[i]!) !== withoutReturnPath(m.bytes.toString('latin1')));
  console.log(`${messages.length} messages of ${corpusFolder()}: ${messages.length - differing.length} byte-identical`);
  expect(differing.map(m => m.path)).toEqual([]);
}, 300_000);

test('corpus opens in the webmail: every page of the list, every message, every body and attachment', async () => {
  const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
  const listed = async (): Promise<Set<string>> => {
    const links = new Set<string>();
    for (let page: string | null = '/mail/inbox'; page; ) {
      const html = await site.get(page);
      expect(`${page}: ${html.status}`).toBe(`${page}: 200`);
      for (const m of html.text.matchAll(/href="(\/mail\/inbox\/\d+)/g)) links.add(m[1]!);
      page = /href="([^"]*)" rel="next"/.exec(html.text)?.[1] ?? null;
    }
    return links;
  };
  const conversations = await listed();
  expect(conversations.size).toBeLessThanOrEqual(messages.length);
  await site.post('/settings/reading', { list: 'messages' });
  const links = await listed();
  expect(links.size).toBe(messages.length);
  let bodies = 0;
  let parts = 0;
  const bad: string[] = [];
  const look = async (path: string) => {
    const { status, text } = await site.get(path);
    if (status !== 200) bad.push(`${path}: ${status}`);
    return text;
  };
  await site.post('/settings/reading', { list: 'conversations' });
  for (const link of conversations) await look(link);
  await site.post('/settings/reading', { list: 'messages' });
  for (const link of links) {
    const html = await look(link);
    for (const m of html.matchAll(/(?:src|href)="(\/messages\/\d+\/(?:body|parts\/[^"]+|source)[^"]*)"/g)) {
      if (m[1]!.includes('/body')) bodies++;
      else parts++;
      await look(m[1]!.replaceAll('&amp;', '&'));
    }
  }
  console.log(
    `${links.size} messages viewed, ${conversations.size} conversations, ${bodies} framed bodies, ${parts} parts and sources`,
  );
  expect(bad).toEqual([]);
}, 300_000);
