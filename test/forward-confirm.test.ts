import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../daemon/store.ts';
import { type House, startHouse, until } from './harness.ts';
import { sendRaw } from './mail-talk.ts';
import { type Site, signIn, visit } from './site-talk.ts';

const password = 'correct horse battery';

// Two houses, each the world of the other: who is written to reads the letter there.
let us: House;
let far: House;
let ann: Site;
const originOf = (house: House) => `http://127.0.0.1:${house.ports.http}`;
const title = (n: number) => `news number ${n}`;
let n = 0;

beforeAll(async () => {
  far = await startHouse({ single: true, set: { host_domain: 'far.test', undo_send: 0 } });
  for (const name of ['friend', 'victim', 'ruled']) await far.addUser(`${name}@far.test`, password);
  us = await startHouse({
    single: true,
    set: { host_domain: 'us.test', undo_send: 0, online: 'always', gateway: `* 127.0.0.1:${far.ports.smtp}` },
  });
  await us.addUser('ann@us.test', password);
  await us.addUser('bob@us.test', password);
  ann = await signIn(originOf(us), 'ann', password);
}, 180_000);
afterAll(async () => {
  await us?.remove();
  await far?.remove();
});

const inbox = async (house: House, name: string) =>
  (await (await signIn(originOf(house), name, password)).get('/mail/inbox')).text;

async function receive(to = 'ann@us.test'): Promise<string> {
  const subject = title(++n);
  const data = Buffer.from(`From: eve@far.test\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\nhello\r\n.\r\n`);
  await sendRaw(us.ports.smtp, { from: 'eve@far.test', to: [to], data });
  return subject;
}

const rows = (list: string): number => list.match(/class="row[ "]/g)?.length ?? 0;

/** The link of the newest letter there, with the whole letter. */
async function letterOf(name: string, count = 1): Promise<{ path: string; source: string }> {
  const site = await signIn(originOf(far), name, password);
  const list = await until(`letter ${count} for ${name}`, async () => {
    const { text } = await site.get('/mail/inbox');
    return rows(text) >= count ? text : null;
  });
  const id = /href="\/mail\/inbox\/(\d+)"/.exec(list)![1]!;
  const source = (await site.get(`/messages/${id}/source`)).text;
  const body = Buffer.from(source.slice(source.search(/\r?\n\r?\n/)), 'base64').toString();
  return { path: /^http:\/\/[^/]+(\/forwarding\/[\w-]{40,})\s*$/m.exec(body)![1]!, source };
}

test('nothing is sent on before the owner of the address says yes on the page behind the letter’s link', async () => {
  await ann.post('/settings/forwarding', { to: 'friend@far.test', keep: '', sure: '1' });
  const shown = (await ann.get('/settings/forwarding')).text;
  expect(shown).toContain('Nothing is sent on yet: your mail stays here');
  expect(shown).toContain('Waits for confirmation: a letter was written on');
  const before = await receive();
  await until('it is here', async () => (await inbox(us, 'ann')).includes(before));

  const { path, source } = await letterOf('friend');
  expect(source).toMatch(/^Return-Path: <>\r?$/m);
  expect(source).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
  expect(source).toMatch(/^To: <friend@far\.test>\r?$/m);

  // Whoever looks, be it a program, has said nothing.
  const guest = visit(originOf(us));
  const page = await guest.get(path);
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('I did not ask for this')]);
  expect((await fetch(`${originOf(us)}${path}`, { method: 'HEAD' })).status).toBe(200);
  expect((await guest.get(`${path}?say=yes`)).status).toBe(200);
  expect((await guest.post(path, {})).text).toContain('I did not ask for this');
  const still = await receive();
  await until('it is here', async () => (await inbox(us, 'ann')).includes(still));

  expect((await guest.post(path, { say: 'yes' })).text).toContain('mail of ann@us.test is sent on to friend@far.test');
  expect((await ann.get('/settings/forwarding')).text).toMatch(
    /Confirmed on[\s\S]*|All mail is sent on to friend@far\.test/,
  );
  const after = await receive();
  await until('it is there', async () => (await inbox(far, 'friend')).includes(after));
  expect(await inbox(us, 'ann')).not.toContain(after);
  // Once used it says nothing more, and changes nothing.
  for (const say of ['yes', 'no']) expect((await guest.post(path, { say })).status).toBe(404);
  expect((await guest.get(path)).text).toContain('This link no longer holds');
}, 120_000);

test('who did not ask for it says so once, and is left alone by that account', async () => {
  await ann.post('/settings/forwarding', { to: 'friend@far.test victim@far.test', keep: '', sure: '1' });
  const { path } = await letterOf('victim');
  const guest = visit(originOf(us));
  expect((await guest.post(path, { say: 'no' })).text).toContain('you are not asked again');
  const refused = await ann.post('/settings/forwarding', { to: 'victim@far.test', keep: '', sure: '1' });
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('does not want your mail sent there')]);
  expect((await ann.get('/settings/forwarding')).text).toContain('Its owner said no on');
  await ann.post('/settings/forwarding/letters', { to: 'victim@far.test' });
  // One of the two said yes, so it goes there; since the other did not, it is here too.
  const both = await receive();
  await until('it is there', async () => (await inbox(far, 'friend')).includes(both));
  await until('it is here', async () => (await inbox(us, 'ann')).includes(both));
  expect(await inbox(far, 'victim')).not.toContain(both);
  expect(rows(await inbox(far, 'victim'))).toBe(1);
}, 120_000);

test('a rule that sends on waits for the same word, and leaves mail in the Inbox until then', async () => {
  await ann.post('/settings/forwarding/removal', {});
  const rule = { name: '', all: 'all', field: 'subject', test: 'contains', text: 'news', place: '' };
  await ann.post('/settings/rules', { ...rule, forward: 'ruled@far.test' });
  expect((await ann.get('/settings/rules')).text).toContain('Waits for confirmation: nothing is sent on so far');
  const before = await receive();
  await until('it is here', async () => (await inbox(us, 'ann')).includes(before));
  const first = await letterOf('ruled');
  // A second letter makes the first one's link worthless.
  await ann.post('/settings/forwarding/letters', { to: 'ruled@far.test' });
  const { path } = await letterOf('ruled', 2);
  const guest = visit(originOf(us));
  expect((await guest.post(first.path, { say: 'yes' })).status).toBe(404);
  expect((await guest.post(path, { say: 'yes' })).status).toBe(200);
  expect((await ann.get('/settings/rules')).text).not.toContain('Waits for confirmation');
  const after = await receive();
  await until('it is there', async () => (await inbox(far, 'ruled')).includes(after));
  expect(await inbox(us, 'ann')).not.toContain(after);
}, 120_000);

test('the operator sees who is asked, and a house that asks nobody sends on what waits', async () => {
  const conf = (confirm: boolean) => (ports: House['ports'], data: string) =>
    [
      ...['host_domain own.test', 'undo_send 0', 'online never', `forward_confirm ${confirm}`, `data_path ${data}`],
      ...[`smtp_port ${ports.smtp}`, `submission_port ${ports.submission}`, `pop_port ${ports.pop3}`],
      `http_port ${ports.http}\n`,
    ].join('\n');
  const own = await startHouse({ single: true, file: conf(true) });
  try {
    await own.addUser('dan@own.test', password);
    const dan = await signIn(originOf(own), 'dan', password);
    await dan.post('/settings/forwarding', { to: 'dan@far.test', keep: '1', sure: '1' });
    const shown = async () => (await own.cli(['user', 'forward', 'dan@own.test'])).stdout;
    expect(await shown()).toContain('dan@far.test is asked whether it wants that: until then mail stays here');
    expect((await own.cli(['route', 'dan@own.test', '--as', 'relay'])).stdout).toContain(
      'waits for the word of dan@far.test',
    );
    writeFileSync(join(own.data, 'cwmail.conf'), conf(false)(own.ports, own.data));
    expect((await own.cli(['reload'])).code).toBe(0);
    await until('it is sent on', async () => (await own.cli(['route', 'dan@own.test'])).stdout.includes('relay'));
    expect((await dan.get('/settings/forwarding')).text).toContain('All mail is sent on to dan@far.test');
    writeFileSync(join(own.data, 'cwmail.conf'), conf(true)(own.ports, own.data));
    expect((await own.cli(['reload'])).code).toBe(0);
    // What was let go meanwhile goes on.
    expect(await shown()).not.toContain('is asked');
  } finally {
    await own.remove();
  }
}, 180_000);

test('what the operator sets asks nobody, and letters have an end', async () => {
  expect((await us.cli(['user', 'forward', 'bob@us.test', 'friend@far.test'])).code).toBe(0);
  const sent = await receive('bob@us.test');
  await until('it is there', async () => (await inbox(far, 'friend')).includes(sent));
  // Two letters went to `ruled` today, and a third may.
  const store = await openStore({ path: us.data, writer: 'inline', fatal: console.error, indexes: false });
  const { id } = (await store.accounts.byAddress('ann@us.test'))!;
  await ann.post('/settings/rules', {
    name: '',
    all: 'all',
    field: 'from',
    test: 'is',
    text: 'x@y.test',
    forward: 'v@far.test',
    keep: '1',
  });
  for (let i = 0; i < 5; i++) await ann.post('/settings/forwarding/letters', { to: 'v@far.test' });
  const letters = (await store.deliveries.list(50)).filter(d => d.recipient === 'v@far.test');
  expect(letters.length).toBeLessThanOrEqual(3);
  expect((await ann.get('/settings/forwarding')).text).toContain('no letter was written: there were too many today');
  expect((await ann.post('/settings/forwarding/letters', { to: 'stranger@far.test' })).status).toBe(404);
  expect(await store.forwardConsents.granted(id)).toEqual(['ruled@far.test']);
  await store.close();
}, 120_000);
