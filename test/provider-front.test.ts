import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAutoreply } from '../daemon/autoreply.ts';
import { silentLog } from '../daemon/log.ts';
import { createDsnRig, type DsnRig } from './dsn-rig.ts';
import { letter } from './queue-rig.ts';

/** A site for the mailboxes of a provider (`webmail_smtp`): what leaves it, and what stays. */
let rig: DsnRig;
beforeEach(async () => {
  rig = await createDsnRig();
  rig.rules.webmail_smtp = { host: '127.0.0.1', port: 9, tls: 'off' };
});
afterEach(() => rig.close());

test('route takes what a user writes to the provider, and what a program of the machine says to a mailbox here', async () => {
  const account = await rig.store.accounts.byId(rig.ann);
  const kinds = async (origin: 'webmail' | 'local') =>
    (
      await rig.intake.route(
        { origin, account: origin === 'local' ? null : account, address: '127.0.0.1' },
        'ann@us.test',
      )
    ).routes.map(route => route.kind);
  expect(await kinds('webmail')).toEqual(['relay']);
  expect(await kinds('local')).toEqual(['mailbox']);
});

test('what a rule sends on goes to the provider as its owner’s, who hears where that fails', async () => {
  const hop = await rig.hop({ answers: { RCPT: '550 5.1.1 Nobody of that name' } });
  const deed = {
    place: null,
    labels: [],
    read: false,
    star: false,
    forward: { to: 'a@far.test', keep: true },
    stop: false,
  };
  const conditions = [{ field: 'subject' as const, test: 'contains' as const, text: 'e' }];
  await rig.store.mailRules.save(rig.ann, null, { name: 'on', active: true, rule: { all: true, conditions, deed } });
  await rig.store.forwardConsents.free(rig.ann, ['a@far.test'], 1);
  rig.settings.webmail_smtp = rig.rules.webmail_smtp;
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: 'eve@else.test' });
  await rig.carry({ authorsGateway: owners(hop.port) });
  await rig.settled();
  expect(hop.heard).toContainEqual(expect.stringMatching(/^MAIL FROM:<ann@us\.test>/));
  // Of the report, which the rule sends on too, there is none.
  expect(await rig.reports()).toHaveLength(1);
});

test('what a mailbox sends on as a whole goes as its owner’s too', async () => {
  const hop = await rig.hop({ answers: {} });
  await rig.store.accounts.set(rig.ann, { forwards: ['home@far.test'], keepsCopy: false });
  await rig.store.forwardConsents.free(rig.ann, ['home@far.test'], 1);
  rig.settings.webmail_smtp = rig.rules.webmail_smtp;
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: 'eve@else.test' });
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: null });
  await rig.carry({ authorsGateway: owners(hop.port) });
  await rig.settled();
  expect(hop.heard.filter(line => line.startsWith('MAIL FROM'))).toEqual([
    expect.stringMatching(/^MAIL FROM:<ann@us\.test>/),
    expect.stringMatching(/^MAIL FROM:<>/),
  ]);
  expect(await rig.reports()).toEqual([]);
});

test.each([
  ['forward', 2],
  // Which left the letter in the Trash.
  ['rule', 1],
])('what a %s could not send on stays with who set it up, and so does the report of it', async (by, inInbox) => {
  const hop = await rig.hop({ answers: { RCPT: '550 5.1.1 Nobody of that name' } });
  await rig.store.forwardConsents.free(rig.ann, ['home@far.test'], 1);
  if (by === 'forward') await rig.store.accounts.set(rig.ann, { forwards: ['home@far.test'], keepsCopy: false });
  else await sendOnAll('home@far.test');
  rig.settings.webmail_smtp = rig.rules.webmail_smtp;
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: 'eve@else.test' });
  await rig.carry({ authorsGateway: owners(hop.port) });
  await rig.settled();
  expect(hop.heard.filter(line => line.startsWith('MAIL FROM'))).toHaveLength(1);
  expect(await rig.reports()).toHaveLength(1);
  expect(await rig.inbox()).toHaveLength(inInbox);
  expect((await rig.inbox()).filter(content => content.toString().endsWith(letter))).toHaveLength(inInbox - 1);
});

test('what came from <> and is not taken where it is sent on stays here, unless it is thrown out', async () => {
  const hop = await rig.hop({ answers: { MAIL: '550 5.7.1 Not your address' } });
  await rig.store.forwardConsents.free(rig.ann, ['home@far.test'], 1);
  await rig.store.accounts.set(rig.ann, { forwards: ['home@far.test'], keepsCopy: false });
  rig.settings.webmail_smtp = rig.rules.webmail_smtp;
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: null });
  const queue = await rig.carry({ authorsGateway: owners(hop.port) }, false);
  await queue.operate({ command: 'bounce', which: {}, by: 'a test' });
  expect([await rig.waiting(), await rig.inbox()]).toEqual([[], []]);
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: null });
  await queue.start();
  await rig.settled();
  expect((await rig.inbox()).map(String)).toEqual([expect.stringMatching(/At five\?\r\n$/)]);
  expect(await rig.reports('postmaster')).toEqual([]);
});

/** Everything, and no copy stays. */
async function sendOnAll(to: string): Promise<void> {
  const deed = { place: null, labels: [], read: false, star: false, forward: { to, keep: false }, stop: false };
  await rig.store.mailRules.save(rig.ann, null, {
    ...{ name: 'on', active: true },
    rule: { all: true, conditions: [{ field: 'subject', test: 'contains', text: 'e' }], deed },
  });
}

test('the answer of who is away, and a letter that asks whether mail may be sent on, go as their own', async () => {
  const hop = await rig.hop({ answers: {} });
  rig.settings.webmail_smtp = rig.rules.webmail_smtp;
  const days = { from: null, until: null, firstDay: '', lastDay: '', zone: '', everyDays: 7 };
  await rig.store.vacations.save(rig.ann, { active: true, ...days, subject: 'Away', text: 'Later.', ownText: '' });
  const content = 'From: eve@else.test\r\nTo: ann@us.test\r\nSubject: hello\r\n\r\nhello\r\n';
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: 'eve@else.test', content });
  const letter = { accountId: rig.ann, address: 'home@far.test', secret: 'x', until: Date.now() + 1e6 };
  expect(await rig.intake.askForward({ ...letter, subject: 'Mail for you?', text: 'Yes or no?' })).toBe('asked');
  const prepareAnswer = createAutoreply({
    ...{ store: rig.store, settings: rig.rules, log: silentLog(), now: Date.now, prepare: rig.intake.prepareReport },
  });
  await rig.carry({ authorsGateway: owners(hop.port), prepareAnswer });
  await rig.settled();
  const all = hop.contents.join('\n');
  expect(all).toMatch(/^From: .*<ann@us\.test>\r\nTo: <eve@else\.test>\r\nSubject: Away\r$/m);
  expect(all).toMatch(/^From: <ann@us\.test>\r\nTo: <home@far\.test>\r\nSubject: Mail for you\?\r$/m);
  expect(hop.heard.filter(line => line.startsWith('MAIL FROM:<>'))).toHaveLength(2);
});

/** Each author has a way of their own, and there is but one author. */
const owners = (port: number) => async (author: number | null) => {
  if (author !== rig.ann) throw new Error('it is nobody’s');
  return { domain: '*', host: '127.0.0.1', port };
};
