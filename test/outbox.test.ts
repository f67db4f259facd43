import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './crash-rig.ts';
import { type House, startHouse, until } from './harness.ts';
import { openTalk, popMessages } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';
import { formOf, type Site, signIn } from './site-talk.ts';

// What one has sent and takes back, puts off or sends at once, on real sockets and without script.
const password = 'long words of ann';
let house: House;
let hop: NextHop;
let ann: Site;
let bob: Site;

beforeAll(async () => {
  hop = await nextHop();
  house = await startHouse({
    set: { host_domain: 'us.test', online: 'always', gateway: `* 127.0.0.1:${hop.port}`, undo_send: 30 },
  });
  for (const name of ['ann', 'bob']) await house.addUser(`${name}@us.test`, password);
  const origin = `http://127.0.0.1:${house.ports.http}`;
  ann = await signIn(origin, 'ann@us.test', password);
  bob = await signIn(origin, 'bob@us.test', password);
}, 180_000);
afterAll(async () => {
  await house?.remove();
  await hop?.close();
});

type Fields = Record<string, string | File>;
const send = async (fields: Fields, form?: Record<string, string>) => {
  const blank = form ?? formOf((await ann.get('/compose')).text);
  return await ann.postMultipart('/drafts/submissions', { ...blank, subject: 'Saturday', text: 'At ten?', ...fields });
};
const outbox = async (site = ann) =>
  [...(await site.get('/outbox')).text.matchAll(/class="outbox-link" href="\/outbox\/(\d+)"/g)].map(m => Number(m[1]));
/** The notice of the page one was led to, and its form that undoes. */
const undo = async (path = '/mail/inbox') => {
  const { text } = await ann.get(path);
  const [, toast = ''] = /<section class="toast"(.*?)<\/section>/s.exec(text) ?? [];
  const fields = [...toast.matchAll(/name="(\w+)" value="(\d+)"/g)].map(m => [m[1]!, m[2]!]);
  return { toast, action: / action="([^"]*)"/.exec(toast)?.[1] ?? '', fields: Object.fromEntries(fields) };
};
const inbox = async (name: string) =>
  (await popMessages(house.ports.pop3, `${name}@us.test`, password)).map(m => m.toString());
const total = (role: string) =>
  Number(
    ask(
      house,
      `select f.total from folder f join account a on a.id = f.account_id
    where a.address = 'ann@us.test' and f.role = '${role}'`,
    )[0]!.total,
  );
const plan = new File(['the plan'], 'plan.txt', { type: 'text/plain' });

test('Undo brings the letter back as it was, with its file; sent again it arrives once', async () => {
  const sent = await send({ to: 'Bob <bob@us.test>', cc: 'zoe@far.test', bcc: 'spy@far.test', files: plan });
  expect([sent.status, sent.headers.get('location')]).toEqual([303, '/mail/inbox']);
  const { toast, action, fields } = await undo();
  expect(toast).toMatch(/data-seconds="30".*Message sent\./s);
  expect(await outbox()).toHaveLength(1);
  expect([total('sent'), total('drafts')]).toEqual([0, 0]);
  expect((await ann.get('/mail/inbox')).text).toMatch(/href="\/outbox".*<b class="count">1/s);
  const back = await ann.post(action, fields);
  expect(back.headers.get('location')).toBe(`/drafts/${fields.draft}`);
  const { text } = await ann.get(`/drafts/${fields.draft}`);
  expect(text).toContain('Not sent. It is a draft again.');
  expect(formOf(text)).toMatchObject({
    to: 'Bob <bob@us.test>',
    cc: 'zoe@far.test',
    bcc: 'spy@far.test',
    text: 'At ten?',
  });
  expect(text).toContain('plan.txt');
  expect(await outbox()).toEqual([]);
  // A second click, of the same page, leads to the same place.
  expect((await ann.post(action, fields)).headers.get('location')).toBe(`/drafts/${fields.draft}`);
  expect((await send({}, formOf(text))).status).toBe(303);
  const [again] = await outbox();
  // And so does a second click on Send.
  expect((await send({}, formOf(text))).status).toBe(303);
  expect(await outbox()).toEqual([again]);
  expect((await ann.post(`/outbox/${again}/releases`, {})).headers.get('location')).toBe('/outbox');
  await until('it to be there', async () => (await inbox('bob')).length === 1);
  await until('it to leave', () => hop.contents.length >= 1);
  const [message] = await inbox('bob');
  expect(message).toContain('plan.txt');
  expect(message).not.toContain('spy@far.test');
  expect([total('sent'), total('drafts'), await outbox()]).toEqual([1, 0, []]);
  // What became of it stands with the copy, the blind one among them.
  await until('its outcome', async () => {
    const list = (await ann.get('/mail/sent')).text;
    const page = (await ann.get(/href="(\/mail\/sent\/\d+)"/.exec(list)![1]!)).text;
    return /Delivered to all 3 recipients/.test(page) && page.includes('spy@far.test');
  });
  expect(hop.contents.filter(c => c !== '')).toHaveLength(1);
  const tooLate = await ann.post(`/outbox/${again}/withdrawals`, { draft: fields.draft! });
  expect([tooLate.status, tooLate.text]).toEqual([409, expect.stringContaining('This message was sent already')]);
});

test('what is not undone leaves by itself, a little after the offer is over', async () => {
  await ann.post('/settings/sending', { undo: '5' });
  const before = (await inbox('bob')).length;
  await send({ to: 'bob@us.test', subject: 'By itself' });
  expect((await undo()).toast).toContain('data-seconds="5"');
  const [waiting] = await outbox();
  const row = ask(
    house,
    `select s.at, d.next_at from submission s join delivery d using (content_id) where content_id = ${waiting}`,
  );
  expect(Number(row[0]!.next_at) - Number(row[0]!.at)).toBeGreaterThan(9_000);
  await until('it to be there', async () => (await inbox('bob')).length === before + 1, 30_000);
  expect(await outbox()).toEqual([]);
  await ann.post('/settings/sending', { undo: '0' });
  await send({ to: 'bob@us.test', subject: 'At once' });
  expect((await undo()).action).toBe('');
  await until('it to be there', async () => (await inbox('bob')).length === before + 2);
  await ann.post('/settings/sending', { undo: '30' });
});

test('Send later waits in the Outbox, which opens it, puts it off, and sends it; what cannot be is said', async () => {
  const form = formOf((await ann.get('/compose')).text);
  const far = { later: 'at', day: '2099-01-01', time: '09:00' };
  for (const [fields, why] of [
    [{ later: 'at', day: '2020-01-01', time: '09:00' }, 'This time is over.'],
    [{ later: 'at', day: '', time: '' }, 'Choose a day and a time.'],
    [far, 'That is too far ahead'],
  ] as const) {
    const refused = await send({ to: 'bob@us.test', ...fields }, form);
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining(why)]);
    expect(refused.text).toContain('At ten?');
  }
  expect(await outbox()).toEqual([]);
  const sent = await send({ to: 'bob@us.test', later: 'monday' }, form);
  expect(sent.status).toBe(303);
  expect((await undo()).toast).toMatch(/Will be sent Monday/);
  const [waiting] = await outbox();
  const due = () => Number(ask(house, `select next_at from delivery where content_id = ${waiting}`)[0]!.next_at);
  const planned = due();
  expect(new Date(planned).getDay()).toBe(1);
  const page = await ann.get(`/outbox/${waiting}`);
  expect(page.text).toMatch(/Saturday.*Will be sent Monday.*bob@us\.test.*At ten\?/s);
  const late = await ann.post(`/outbox/${waiting}/times`, far);
  expect([late.status, late.text]).toEqual([422, expect.stringContaining('That is too far ahead')]);
  expect((await ann.post(`/outbox/${waiting}/times`, { later: 'hour' })).status).toBe(303);
  expect(due()).toBeLessThan(planned);
  expect((await ann.get('/outbox')).text).toContain('Will be sent');
  const before = (await inbox('bob')).length;
  await ann.post(`/outbox/${waiting}/releases`, {});
  await until('it to be there', async () => (await inbox('bob')).length === before + 1);
  // It bears the time it left at.
  const date = Date.parse(/^Date: (.*)\r$/m.exec((await inbox('bob')).at(-1)!)![1]!);
  expect(Math.abs(date - Date.now())).toBeLessThan(60_000);
});

test('a draft that waits is opened, changed, sent again and discarded in the Outbox alone', async () => {
  const form = formOf((await ann.get('/compose')).text);
  await ann.postMultipart('/drafts', { ...form, to: 'bob@us.test', subject: 'Two windows', text: 'one' });
  const list = (await ann.get('/mail/drafts')).text;
  const path = /href="(\/drafts\/\d+)"[^>]*>(?:(?!<\/a>).)*Two windows/s.exec(list)![1]!;
  const [one, two] = [formOf((await ann.get(path)).text), formOf((await ann.get(path)).text)];
  await ann.postMultipart('/drafts/submissions', { ...one, later: 'monday' });
  const [waiting] = await outbox();
  const goes = `/outbox/${waiting}`;
  expect((await ann.get(path)).headers.get('location')).toBe(goes);
  expect((await ann.get('/mail/drafts')).text).not.toContain('Two windows');
  const saved = await ann.postMultipart('/drafts', { ...two, text: 'two' });
  expect([saved.status, saved.text]).toEqual([409, expect.stringContaining('waits in the Outbox')]);
  expect(formOf(saved.text)).toMatchObject({ text: 'two', draft: '' });
  const resent = await ann.postMultipart('/drafts/submissions', { ...two, text: 'two' });
  expect([resent.status, await outbox()]).toEqual([409, [waiting]]);
  expect((await ann.postMultipart('/drafts/removals', two)).headers.get('location')).toBe(goes);
  // The same text sent once more is the click that came twice.
  expect((await ann.postMultipart('/drafts/submissions', two)).status).toBe(303);
  expect(await outbox()).toEqual([waiting]);
  // Taken back, the form it was sent from says what it does not know, and sends nothing unseen.
  await ann.post(`${goes}/withdrawals`, {});
  const old = await ann.postMultipart('/drafts/submissions', one);
  expect([old.status, await outbox()]).toEqual([409, []]);
});

test('nobody but its author reaches what waits; it looks as if it were not there', async () => {
  await send({ to: 'bob@us.test', subject: 'Secret', later: 'monday' });
  const [waiting] = await outbox();
  expect(await outbox(bob)).toEqual([]);
  const none = await bob.get('/outbox/999999');
  expect([(await bob.get(`/outbox/${waiting}`)).status, none.status]).toEqual([404, 404]);
  for (const noun of ['withdrawals', 'times', 'releases']) {
    const tried = await bob.post(`/outbox/${waiting}/${noun}`, { later: 'hour', draft: '1' });
    expect([noun, tried.status, tried.text.includes('Secret')]).toEqual([noun, 404, false]);
  }
  expect(await outbox()).toEqual([waiting]);
  await ann.post(`/outbox/${waiting}/withdrawals`, {});
});

test('what a mail program put off is in the Outbox too, and becomes a draft with its files and blind copies', async () => {
  const talk = await openTalk(house.ports.submission);
  await talk.reply();
  await talk.ask('EHLO test');
  const login = Buffer.from(`\0ann@us.test\0${password}`).toString('base64');
  for (const line of [
    `AUTH PLAIN ${login}`,
    'MAIL FROM:<ann@us.test> HOLDFOR=86400',
    'RCPT TO:<bob@us.test>',
    'RCPT TO:<spy@far.test>',
    'DATA',
  ])
    expect(await talk.ask(line)).toMatch(/^[23]/);
  const parts = [
    'From: ann@us.test\r\nTo: Bob <bob@us.test>\r\nSubject: =?utf-8?q?Caf=C3=A9?=',
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nBy program',
    '--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=list.txt\r\n\r\none\r\n--b--\r\n.',
  ];
  talk.socket.write(`${parts.join('\r\n')}\r\n`);
  expect(await talk.reply()).toMatch(/^250/);
  talk.socket.destroy();
  const [waiting] = await outbox();
  const { text } = await ann.get(`/outbox/${waiting}`);
  expect(text).toMatch(/Café.*bob@us\.test.*spy@far\.test.*list\.txt.*By program/s);
  const back = await ann.post(`/outbox/${waiting}/withdrawals`, {});
  const draft = (await ann.get(back.headers.get('location')!)).text;
  expect(formOf(draft)).toMatchObject({ to: 'Bob <bob@us.test>', bcc: 'spy@far.test', subject: 'Café' });
  expect(formOf(draft).text!.trim()).toBe('By program');
  expect(draft).toContain('list.txt');
  expect(await outbox()).toEqual([]);
});

test('who was refused with others stands on the Sent message, long after the notice', async () => {
  await ann.post('/settings/sending', { undo: '0' });
  const sent = await send({ to: 'bob@us.test, nobody@us.test', subject: 'Half of it' });
  expect(sent.status).toBe(303);
  expect((await ann.get('/mail/inbox')).text).toContain('Sent, but not to nobody@us.test');
  const [, path = ''] = /href="(\/mail\/sent\/\d+)"/.exec((await ann.get('/mail/sent')).text) ?? [];
  const { text } = await ann.get(path);
  const [, outcomes = ''] = /<details class="outcomes"(.*?)<\/details>/s.exec(text) ?? [];
  expect(outcomes).toMatch(/^ open>.*<b><bdi>nobody@us\.test<\/bdi><\/b>.*class="danger">[^<]*No such user/s);
  expect(outcomes).toContain('bob@us.test');
});
