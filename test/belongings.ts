import { secretIn } from '../daemon/auth/secrets.ts';
import { Sorting } from '../daemon/store.ts';
import { fits } from './fits.ts';
import { holds } from './holding.ts';
import { receiver } from './push-receiver.ts';
import type { TestSite } from './site.ts';
import { attribute, tnef } from './tnef-writer.ts';

/** The id of one thing of each kind that an account can have. */
export type Ids = Record<
  | 'message'
  | 'sent'
  | 'conversation'
  | 'folder'
  | 'label'
  | 'draft'
  | 'draftVersion'
  | 'discarded'
  | 'upload'
  | 'search'
  | 'contact'
  | 'contactModseq'
  | 'thrownAway'
  | 'group'
  | 'correspondent'
  | 'identity'
  | 'reply'
  | 'rule'
  | 'blocked'
  | 'outbox'
  | 'waiting'
  | 'snoozed'
  | 'thrown'
  | 'inbox'
  | 'trash'
  | 'session'
  | 'device'
  | 'appPassword',
  number
> & { act: string; key: string; endpoint: string; alias: string };

export type Belongings = Awaited<ReturnType<typeof belongings>>;

/**
 * An account that has one of everything, with `word` in each name and text, and who is signed in to it. What is
 * numbered by account begins behind `earlier`, so that another account has no such number.
 */
export async function belongings(site: TestSite, word: string, earlier = 0) {
  const account = await site.account(word);
  for (let i = 0; i < earlier; i++) await site.deliver(account, letter(`${word} ${'i'.repeat(i)}`, account.address));
  const browser = site.browser();
  await browser.login(word);
  const { store, clock } = site;
  const { id } = account;
  const message = await site.deliver(account, letter(word, account.address));
  const { conversation } = (await store.messages.get(id, message))!;
  const snoozed = await site.deliver(account, letter(`${word} asleep`, account.address));
  const [inbox, trash] = await Promise.all((['inbox', 'trash'] as const).map(role => store.folders.byRole(id, role)));
  const thrown = await site.deliver(account, letter(`${word} thrown`, account.address));
  await store.messages.move(id, [thrown], trash!.id);
  const folder = (await store.folders.create(id, `${word} folder`, clock.now))!.id;
  await store.labels.create(id, { name: `${word} label`, colour: 'red' });
  const label = (await store.labels.list(id))[0]!;
  await store.labels.put(id, [message], label.id);
  await store.snoozes.snooze(id, [snoozed], clock.now + 1e9, clock.now);
  const ids: Ids = {
    ...{ message, conversation, snoozed, thrown, folder, inbox: inbox!.id, trash: trash!.id, label: label.id },
    ...(await correspondence(site, { account, browser, word }, message)),
    ...(await people(site, account, word)),
    ...(await settled(site, account, word, { folder, label: label.id, conversation })),
    act: await act(site, id, message, label.id),
    session: (await store.sessions.list(id, clock.now))[0]!.id,
    endpoint: `https://push.example/${word}`,
    device: 0,
    appPassword: (await store.appPasswords.make({
      ...{ accountId: id, name: `${word} program`, key: `${word}-program`, hash: `${word}-program`, at: clock.now },
    })) as number,
  };
  await twoSteps(site, id, { word, session: ids.session });
  const { keys } = receiver();
  await browser.post('/settings/notifications', { endpoint: ids.endpoint, ...keys, shows: 'sender' });
  ids.device = (await store.pushSubscriptions.list(id, clock.now))[0]!.id;
  browser.cookies.delete('notice');
  return { account, browser, word, ids };
}

type Owner = Awaited<ReturnType<TestSite['account']>>;
type Who = { account: Owner; browser: ReturnType<TestSite['browser']>; word: string };

/** Two drafts, of which one waits to go, and a letter that went. */
async function correspondence(site: TestSite, { account, browser, word }: Who, relatedId: number) {
  const { store, clock } = site;
  const { id } = account;
  const fields = { ...{ to: `${word}bo@far.example`, cc: '', bcc: `${word}eve@far.example` }, relatedId };
  const markup = `<p>${word} text</p><p><img src="cid:picture1"></p>`;
  const texts = { subject: `${word} draft`, text: `${word} text`, html: markup, relation: 'reply' as const };
  const draft = await fits(store.drafts.create(id, { ...fields, ...texts }, clock.now));
  const attach = async (label: string, type: string) => {
    const writer = store.content.create();
    await writer.write(Buffer.from(`${word} octets`));
    const file = { name: `${word}.file`, type, content: await writer.finish(), at: clock.now, label };
    return (await fits(store.drafts.attach(id, draft.id, file)))!.id;
  };
  await attach('picture1', 'image/png');
  const upload = await attach('', 'text/plain');
  const before = await store.messages.page(id, (await store.folders.byRole(id, 'sent')).id, 1);
  if (before.messages.length > 0) throw new Error('nothing was sent yet');
  const source = `From: ${account.address}\nTo: ${word}bo@far.example\nSubject: ${word} sent\n\n${word} gone\n`;
  await site.deliver(account, source, clock.now, { author: account, others: [`${word}bo@far.example`] });
  const sent = (await store.messages.page(id, (await store.folders.byRole(id, 'sent')).id, 1)).messages[0]!.id;
  if ((await store.snoozes.remind(id, sent, clock.now + 1e9)) !== 'set') throw new Error('no reminder');
  holds(site, account);
  const key = `${word}-compose-key`;
  const waits = { to: fields.to, subject: `${word} waits`, text: `${word} later`, later: 'morning' };
  const { status } = await browser.post('/drafts/submissions', { key, draft: '', ...waits });
  const held = (await store.heldSubmissions.list(id, 2))[0];
  if (!held?.draft) throw new Error(`nothing waits: ${status}`);
  const thrown = await fits(store.drafts.create(id, { ...fields, ...texts, subject: `${word} thrown` }, clock.now));
  await store.drafts.discard(id, thrown.id, clock.now);
  const { version: draftVersion } = (await store.drafts.get(id, draft.id))!;
  return {
    draft: draft.id,
    draftVersion,
    discarded: thrown.id,
    upload,
    sent,
    outbox: held.contentId,
    waiting: held.draft.id,
    key,
  };
}

async function people(site: TestSite, { id }: Owner, word: string) {
  const { contacts, correspondents } = site.store;
  const { now } = site.clock;
  const fields = { note: `${word} note`, groups: [`${word} group`], kept: [] };
  const person = (n: string) => ({
    ...{ name: `${word} ${n}`, addresses: [{ label: '', address: `${word}${n}@far.example` }] },
  });
  const contact = await contacts.create(id, `${word}-1`, { ...fields, ...person('carol') }, now);
  const thrownAway = await contacts.create(id, `${word}-2`, { ...fields, ...person('dave') }, now);
  await contacts.remove(id, [thrownAway.id], now);
  await correspondents.wroteTo(id, [{ name: `${word} Bo`, address: `${word}bo@far.example` }], now);
  return {
    ...{ contact: contact.id, contactModseq: contact.modseq, thrownAway: thrownAway.id },
    group: (await contacts.groups(id))[0]!.id,
    correspondent: (await correspondents.page(id, null, 1))[0]!.id,
  };
}

async function settled(
  site: TestSite,
  { id, address }: Owner,
  word: string,
  at: { folder: number; label: number; conversation: number },
) {
  const { store, clock } = site;
  const alias = `${word}alias@example.org`;
  site.aliases.set(alias, address);
  const signed = { name: `${word} name`, replyTo: '', signature: `${word} signature`, isDefault: false };
  const identity = (await store.identities.save(id, { address: alias, ...signed }))!;
  const texts = { name: `${word} reply`, text: `${word} text`, html: null };
  await store.cannedReplies.save(id, null, texts);
  const reply = (await store.cannedReplies.list(id))[0]!;
  const condition = { field: 'subject', test: 'contains', text: `${word} rule` } as const;
  const goes = { place: { folder: at.folder }, labels: [at.label], forward: null };
  const deed = { ...goes, read: false, star: true, stop: true };
  const kept = { name: `${word} rule`, active: true, rule: { all: true, conditions: [condition], deed } };
  await store.mailRules.save(id, null, { ...kept, name: `${word} first rule` });
  const rule = (await store.mailRules.save(id, null, kept))!;
  const blocked = (await store.unwanted.block(id, `${word}foe@far.example`, 'junk', clock.now))!;
  await store.unwanted.mute(id, at.conversation, clock.now);
  const search = (await store.savedSearches.save(id, `${word} search`, `from:${word}`))!;
  await store.choices.set(id, { kind: 'images', key: `${word}boss@far.example`, value: 'named', at: clock.now });
  await store.vacations.save(id, {
    ...{ active: true, from: null, until: null, firstDay: '', lastDay: '', zone: '', everyDays: 7 },
    ...{ subject: `${word} away`, text: `${word} away`, ownText: '' },
  });
  await store.accounts.set(id, { forwards: [`${word}else@far.example`], keepsCopy: true });
  if (!((await store.accounts.byId(id))!.sorting & Sorting.vacation)) throw new Error('not away');
  return { identity: identity.id, alias, reply: reply.id, rule, blocked: blocked.id, search: search.id };
}

/** Each account has it, so that each finds it taken once. */
export const recoveryCode = 'bcdf ghjk mnpq rstv wxyz';

async function twoSteps(
  { store, clock }: TestSite,
  accountId: number,
  { word, session }: { word: string; session: number },
) {
  const recovery = [secretIn(recoveryCode)!];
  await store.secondFactors.switchOn({ accountId, sealed: `${word} key`, step: 1, recovery, at: clock.now });
  await store.trustedBrowsers.trust(`${word} browser`, {
    ...{ accountId, sessionId: session, at: clock.now, expiresAt: clock.now + 1e9, address: '192.0.2.1' },
    agent: `${word} agent`,
  });
}

/** One that can be undone. */
async function act(site: TestSite, accountId: number, message: number, label: number): Promise<string> {
  await site.store.labels.take(accountId, [message], label);
  const begun = site.acts.begin(accountId, { kind: 'label', label, on: true }, [message], '/mail/inbox');
  await begun.ended;
  return begun.id;
}

/** With text, markup, an invitation, files of which one is packed, a list to leave, and a receipt that is asked for. */
function letter(word: string, to: string): string {
  const name = word.split(' ')[0]!;
  const event = `BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:${name}-${word.length}@far.example\nORGANIZER:mailto:${name}boss@far.example\nSUMMARY:${word} meeting\nDTSTART:20301124T180000Z\nATTENDEE:mailto:${to}\nEND:VEVENT\nEND:VCALENDAR`;
  const packed = tnef(
    attribute(2, 0x9002, Buffer.alloc(14)),
    attribute(2, 0x8010, `${name}.txt\0`),
    attribute(2, 0x800f, `${word} packed`),
  );
  const part = (type: string, body: string) => `--m\nContent-Type: ${type}\n\n${body}\n`;
  return [
    ...[`From: ${word} Boss <${name}boss@far.example>`, `To: ${to}`, `Subject: ${word} subject`],
    ...[`Message-ID: <${name}${word.length}@far.example>`, 'Date: Mon, 23 Nov 2026 09:00:00 +0000'],
    ...[`Disposition-Notification-To: ${name}boss@far.example`, `List-Id: <${name}.far.example>`],
    `List-Unsubscribe: <mailto:leave-${name}@far.example>`,
    ...['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=m', ''],
    part('text/html', `<p>${word} letter</p>`),
    part(`text/plain; name="${name}.txt"\nContent-Disposition: attachment`, `${word} file`),
    part('text/calendar; method=REQUEST', event),
    part('application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64', packed.toString('base64')),
    '--m--\n',
  ].join('\n');
}
