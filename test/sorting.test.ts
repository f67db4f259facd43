import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Condition, Deed } from '../daemon/mail/rules.ts';
import { openStore, type Store, type Vacation } from '../daemon/store.ts';
import { type House, startHouse, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';

/** Rules, answers and forwards of people, by a running house: mail comes by SMTP, what comes of it is seen by POP3, SMTP and the store. */

const password = 'long words of all';
let house: House;
let hop: NextHop;
/** The owner's side, as the site writes it. */
let store: Store;

beforeAll(async () => {
  hop = await nextHop();
  house = await startHouse({
    set: { host_domain: 'us.test', online: 'always' },
    lines: [`gateway=* 127.0.0.1:${hop.port}`, 'alias=postmaster@us.test fay@us.test'],
  });
  for (const name of ['ann', 'bob', 'cy', 'dee', 'eli', 'fay']) await house.addUser(`${name}@us.test`, password);
  store = await openStore({ path: house.data, writer: 'inline', fatal: () => {}, indexes: false });
}, 180_000);
afterAll(async () => {
  await store?.close();
  await house?.remove();
  await hop?.close();
});

const account = async (name: string) => (await store.accounts.byAddress(`${name}@us.test`))!;
const inbox = async (name: string) =>
  (await popMessages(house.ports.pop3, `${name}@us.test`, password)).map(m => m.toString());
const receive = (to: string, text: string, from = 'eve@far.test') =>
  sendRaw(house.ports.smtp, { from, to: [to], data: Buffer.from(`${text.replaceAll('\n', '\r\n')}\r\n.\r\n`) });
const inFolder = async (name: string, role: 'inbox' | 'junk' | 'trash' | 'archive') => {
  const { id } = await account(name);
  const folder = await store.folders.byRole(id, role);
  return (await store.messages.page(id, folder.id, 100)).messages.map(m => m.subject);
};
const sentOn = (title: string) => hop.contents.filter(c => c.includes(`Subject: ${title}\r\n`));
const idle = () => until('the queue is empty', async () => (await store.deliveries.list(10)).length === 0);

const replyTo = (command: string): string =>
  command.includes('<nobody@') ? '550 5.1.1 Nobody of that name' : '250 2.1.5 Ok';

const nothing: Deed = { place: null, labels: [], read: false, star: false, forward: null, stop: false };
const rule = async (name: string, text: string, deed: Partial<Deed>) => {
  const conditions: Condition[] = [{ field: 'subject', test: 'contains', text }];
  const fields = { name: text, active: true, rule: { all: true, conditions, deed: { ...nothing, ...deed } } };
  const { id } = await account(name);
  const kept = (await store.mailRules.save(id, null, fields))!;
  if (deed.forward) await store.forwardConsents.free(id, [deed.forward.to], 1);
  return kept;
};

describe('rules', () => {
  test('file mail as it comes, also what is too large for a row', async () => {
    const archive = await store.folders.byRole((await account('ann')).id, 'archive');
    await rule('ann', 'bill', { place: { folder: archive.id } });
    expect((await receive('ann@us.test', 'Subject: a bill\n\nten')).at(-1)).toMatch(/^250 /);
    const large = `Subject: a large bill\n\n${`${'x'.repeat(70)}\n`.repeat(3000)}`;
    expect((await receive('ann@us.test', large)).at(-1)).toMatch(/^250 /);
    await receive('ann@us.test', 'Subject: a note\n\nhello');
    expect(await inFolder('ann', 'archive')).toEqual(['a large bill', 'a bill']);
    expect(await inFolder('ann', 'inbox')).toEqual(['a note']);
    expect(await inbox('ann')).toHaveLength(1);
  });

  test('send on through the queue, with a mark of where it has been, to the outside and to people here', async () => {
    await rule('ann', 'pass', { forward: { to: 'ann@home.test', keep: true } });
    await rule('ann', 'local', { forward: { to: 'cy@us.test', keep: false } });
    await receive('ann@us.test', 'From: eve@far.test\nSubject: pass it\n\nhello');
    const content = await until('it went out', () => sentOn('pass it')[0]);
    expect(content).toMatch(/^Delivered-To: ann@us\.test\r\nReceived: /);
    expect(hop.heard).toContainEqual(expect.stringMatching(/^MAIL FROM:<eve@far\.test>/));
    expect(hop.heard).toContainEqual(expect.stringMatching(/^RCPT TO:<ann@home\.test>/));
    expect(await inFolder('ann', 'inbox')).toContain('pass it');

    await receive('ann@us.test', 'Subject: local news\n\nhello');
    await until('it is with Cy', async () => (await inFolder('cy', 'inbox')).length === 1);
    expect((await inbox('cy'))[0]).toMatch(
      /^Return-Path: <eve@far\.test>\r\nDelivered-To: cy@us\.test\r\nDelivered-To: ann@us\.test\r\nReceived: /,
    );
    expect(await inFolder('ann', 'trash')).toEqual(['local news']);
  });

  test('tell a sender that mail could not be sent on, and not where to', async () => {
    hop.script.answers = { RCPT: socket => void socket.write(`${replyTo(hop.heard.at(-1) ?? '')}\r\n`) };
    await rule('ann', 'secret', { forward: { to: 'nobody@hidden.test', keep: true } });
    await receive('ann@us.test', 'From: eli@us.test\nSubject: secret\n\nhello', 'eli@us.test');
    const report = await until('Eli is told', async () =>
      (await inbox('eli')).find(m => m.includes('delivery-status')),
    );
    expect(report).toMatch(/^Final-Recipient: rfc822; ann@us\.test\r$/m);
    expect(report).not.toContain('hidden.test');
  });

  test('end in a circle, of two people here and of two hosts', async () => {
    await rule('dee', 'round', { forward: { to: 'eli@us.test', keep: true } });
    await rule('eli', 'round', { forward: { to: 'dee@us.test', keep: true } });
    await receive('dee@us.test', 'Subject: round and round\n\nhello');
    await until('it came back', async () => (await inFolder('dee', 'inbox')).length === 2);
    await idle();
    expect([(await inFolder('dee', 'inbox')).length, (await inFolder('eli', 'inbox')).length]).toEqual([2, 2]);

    await rule('dee', 'abroad', { forward: { to: 'dee@away.test', keep: true } });
    await receive('dee@us.test', 'Subject: abroad\n\nhello');
    const out = await until('it went out', () => sentOn('abroad')[0]);
    await receive('dee@us.test', `Received: from us.test by away.test; now\n${out.replaceAll('\r\n', '\n')}`);
    await idle();
    expect(sentOn('abroad')).toHaveLength(1);
    expect(await inFolder('dee', 'inbox')).toEqual(['abroad', 'abroad', 'round and round', 'round and round']);
  });

  test('of people who all send on to each other reach nobody by every way there is', async () => {
    const all = ['ann', 'cy', 'dee', 'eli'];
    for (const from of all)
      for (const to of all.filter(name => name !== from))
        await rule(from, 'spread', { forward: { to: `${to}@us.test`, keep: true } });
    await receive('ann@us.test', 'Subject: spread\n\nhello');
    const copies = async () => (await Promise.all(all.map(name => inFolder(name, 'inbox')))).flat();
    const spread = async () => (await copies()).filter(subject => subject === 'spread').length;
    await until('it is with all', async () => (await spread()) >= 13);
    await idle();
    // The one that came, and three from each, once.
    expect(await spread()).toBe(13);
  });

  test('what a mailbox sends on as a whole ends in a circle too, and is then in that mailbox', async () => {
    const { id } = await account('bob');
    await store.accounts.set(id, { forwards: ['bob@away.test'], keepsCopy: false });
    await store.forwardConsents.free(id, ['bob@away.test'], 1);
    await receive('bob@us.test', 'Subject: all of it\n\nhello');
    const out = await until('it went out', () => sentOn('all of it')[0]);
    expect(out).toMatch(/^Delivered-To: bob@us\.test\r\n/);
    expect(await inFolder('bob', 'inbox')).toEqual([]);
    await receive('bob@us.test', out.replaceAll('\r\n', '\n'));
    expect(await inFolder('bob', 'inbox')).toEqual(['all of it']);
    await idle();
    expect(sentOn('all of it')).toHaveLength(1);
    await store.accounts.set(id, { forwards: [] });
  });
});

describe('the answer of who is away', () => {
  const away: Vacation = {
    ...{ active: true, from: null, until: null, firstDay: '', lastDay: '', zone: 'UTC', everyDays: 7 },
    ...{ subject: 'Gone fishing', text: 'Back on Monday.', ownText: 'Ask Bob.' },
  };
  const answers = () => sentOn('Gone fishing');

  test('goes once to who wrote, from nobody, in the thread; and to people here with words of their own', async () => {
    await store.vacations.save((await account('cy')).id, away);
    const question = 'From: eve@far.test\nTo: cy@us.test\nSubject: there?\nMessage-ID: <q1@far.test>\n\nhello';
    await receive('cy@us.test', question);
    const answer = await until('it is answered', () => answers()[0]);
    expect(answer).toMatch(/^Auto-Submitted: auto-replied\r$/m);
    expect(answer).toMatch(/^In-Reply-To: <q1@far\.test>\r$/m);
    expect(answer).toMatch(/^To: <eve@far\.test>\r$/m);
    expect(answer).toContain(Buffer.from('Back on Monday.\r\n').toString('base64'));
    expect(hop.heard.filter(line => /^MAIL FROM:<>/.test(line))).toHaveLength(1);
    await receive('cy@us.test', question);
    await receive('cy@us.test', 'From: x@far.test\nTo: cy@us.test\nSubject: bounce\n\nhello', '');
    await receive(
      'cy@us.test',
      'From: x@far.test\nTo: list@far.test\nList-Id: <l>\nSubject: list\n\nhello',
      'x@far.test',
    );
    await receive('cy@us.test', 'From: bob@us.test\nTo: cy@us.test\nSubject: inside\n\nhello', 'bob@us.test');
    const inside = await until('Bob has his', async () => (await inbox('bob')).find(m => m.includes('Gone fishing')));
    expect(inside).toMatch(/^Return-Path: <>\r\n/);
    expect(inside).toContain(Buffer.from('Ask Bob.\r\n').toString('base64'));
    await idle();
    expect(answers()).toHaveLength(1);
    expect((await inbox('cy')).length).toBeGreaterThanOrEqual(5);
  });

  test('two who are away do not call each other up', async () => {
    await store.vacations.save((await account('eli')).id, away);
    await receive('eli@us.test', 'From: cy@us.test\nTo: eli@us.test\nSubject: both away\n\nhello', 'cy@us.test');
    await until('Cy has it', async () => (await inFolder('cy', 'inbox')).includes('Gone fishing'));
    await idle();
    expect((await inFolder('eli', 'inbox')).filter(s => s === 'Gone fishing')).toEqual([]);
  });

  test('is neither lost nor doubled by a kill in between', async () => {
    await store.vacations.save((await account('dee')).id, { ...away, subject: 'After a crash' });
    const writers = Array.from({ length: 20 }, (_, i) => `w${i}@far.test`);
    const sending = writers.map(from =>
      receive('dee@us.test', `From: ${from}\nTo: dee@us.test\nSubject: crash\n\nhello`, from),
    );
    await until('some have been taken', async () => (await inFolder('dee', 'inbox')).includes('crash'));
    await house.kill();
    const taken = (await Promise.allSettled(sending)).filter(
      r => r.status === 'fulfilled' && r.value.at(-1)?.startsWith('250 2'),
    ).length;
    await store.close();
    await house.restart();
    store = await openStore({ path: house.data, writer: 'inline', fatal: () => {}, indexes: false });
    await until('all are under way or there', async () => (await store.deliveries.list(10)).length === 0);
    const got = (await inFolder('dee', 'inbox')).filter(s => s === 'crash').length;
    expect(got).toBeGreaterThanOrEqual(Math.max(1, taken));
    // What the hop took a moment before the kill may come again (RFC 5321 §4.5.4.1): told apart by its Message-ID.
    const ids = new Set(sentOn('After a crash').map(c => /^Message-ID: (.*)\r$/m.exec(c)?.[1]));
    expect(ids.size).toBe(got);
  });
});

test('a blocked sender and a muted conversation pass the Inbox by', async () => {
  const { id } = await account('ann');
  await store.unwanted.block(id, 'spam@far.test', 'junk', Date.now());
  await receive('ann@us.test', 'From: Spam <Spam@Far.test>\nSubject: buy\n\nnow', 'x@far.test');
  await receive('ann@us.test', 'From: c@far.test\nSubject: talk\nMessage-ID: <t1@far.test>\n\nfirst');
  const talk = (await store.messages.page(id, (await store.folders.byRole(id, 'inbox')).id, 10)).messages[0]!;
  await store.unwanted.mute(id, talk.conversation, Date.now());
  await receive(
    'ann@us.test',
    'From: d@far.test\nSubject: Re: talk\nMessage-ID: <t2@far.test>\nIn-Reply-To: <t1@far.test>\n\nsecond',
  );
  expect(await inFolder('ann', 'junk')).toEqual(['buy']);
  expect((await inFolder('ann', 'archive'))[0]).toBe('Re: talk');
  expect(await inFolder('ann', 'inbox')).not.toContain('Re: talk');
});

test('a report of ours that a rule sends on in vain brings no other', async () => {
  hop.script.answers = { RCPT: socket => void socket.write('550 5.1.1 Nobody of that name\r\n') };
  await rule('fay', 'be delivered', { forward: { to: 'fay@hidden.test', keep: true } });
  const login = Buffer.from(`\0fay@us.test\0${password}`).toString('base64');
  const data = Buffer.from('From: fay@us.test\r\nSubject: hello\r\n\r\nhello\r\n.\r\n');
  await sendRaw(house.ports.submission, { from: 'fay@us.test', to: ['gone@far.test'], data, login });
  await until('Fay is told', async () => (await inFolder('fay', 'inbox')).length > 0);
  await idle();
  expect(await inFolder('fay', 'inbox')).toEqual(['Your message could not be delivered']);
});
