/** What the right pane shows of a message: the messages of its conversation, open or folded, and the text of each. */
import { parseAddressList } from '../daemon/mail/address.ts';
import type { Header } from '../daemon/mail/header.ts';
import { readListMail } from '../daemon/mail/list.ts';
import type { Known } from '../daemon/mail/lookalike.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { type Choice, Flag, type Folder, type Message } from '../daemon/store.ts';
import type { AttachmentCard } from '../views/attachments.ts';
import type { Folded } from '../views/conversation.ts';
import { folderPath, type Screen } from '../views/layout.ts';
import type { ListPane } from '../views/list.ts';
import type { OpenMessage, OpenPane, Person } from '../views/message.ts';
import { isOwn } from '../views/sender-acts.ts';
import { type Author, authorsOf } from './author.ts';
import { type Bodies, isInlineImage } from './bodies.ts';
import type { Files, MessageFile } from './files.ts';
import { cardOf, eventOf, invitationKey } from './invitation.ts';
import { hasPage } from './letter-pages.ts';
import { listCardOf, listKey } from './list-mail.ts';
import { outcomesOf, refusedIn, refusedKey } from './outcomes.ts';
import { overtakenBy } from './overtaken.ts';
import { idOf } from './page.ts';
import { receiptCardOf, receiptKey } from './receipt.ts';
import type { Ctx, Site } from './site.ts';
import { noTrust, type TrustOf } from './trust.ts';
import { blockOf, isMuted } from './unwanted.ts';
import { senderKey, versionsOf } from './version.ts';

/** A picture larger than this is a download, not a preview. */
const largestPreview = 2_000_000;
/** Unread ones beyond this stay folded, and unread. */
const mostOpen = 10;

export type Reading = {
  /** The message in the address. */
  found: Message;
  folder: Folder;
  /** What is shown, in the order it came. */
  shown: Message[];
  /** Which of them are not folded. */
  open: Set<number>;
  /** All are open because that was asked for. */
  all: boolean;
};

/** With the words of the search it was found by, and what of it stays unread. */
type Sought = Reading & { sought: SearchWords[] } & Pick<OpenPane, 'unread'>;

/** What is shown with a message, and what of it is open: the newest, the one asked for, and what was not read yet. */
export async function readingOf(site: Site, c: Ctx, s: Screen, found: Message, folder: Folder): Promise<Reading> {
  if (s.account.flat) return { found, folder, shown: [found], open: new Set([found.id]), all: false };
  const shown = once(visible(s, folder, await site.store.conversations.around(found)), folder);
  if (c.req.query('all') !== undefined) return { found, folder, shown, open: new Set(shown.map(m => m.id)), all: true };
  const unread = shown.filter(m => (m.flags & Flag.seen) === 0).map(m => m.id);
  const open = new Set([
    found.id,
    shown.at(-1)?.id ?? found.id,
    idOf(c.req.query('of')) ?? 0,
    ...unread.slice(-mostOpen),
  ]);
  return { found, folder, shown, open, all: false };
}

/** What was thrown away is seen where it lies. */
function visible(s: Screen, folder: Folder, some: Message[]): Message[] {
  const away = new Set(s.folders.filter(f => f.role === 'trash' || f.role === 'junk').map(f => f.id));
  return some.filter(m => m.folderId === folder.id || !away.has(m.folderId));
}

/** Mail to oneself lies in Sent and in the Inbox: the copy in this folder is the one to read. */
function once(some: Message[], folder: Folder): Message[] {
  const here = new Set(some.filter(m => m.folderId === folder.id).map(m => m.contentId));
  const seen = new Set<number>();
  return some.filter(m => {
    const twice = seen.has(m.contentId) || (m.folderId !== folder.id && here.has(m.contentId));
    if (!twice) seen.add(m.contentId);
    return !twice;
  });
}

/** What every message of a page is read with. */
type Desk = { site: Site; c: Ctx; bodies: Bodies; files: Files; trust: TrustOf; s: Screen };

export async function openPane(
  desk: Desk,
  { found, folder, shown, open, all, sought, unread }: Sought,
  list: ListPane,
): Promise<OpenPane> {
  const { site, s } = desk;
  const whole = !s.account.flat;
  const [known, own] = await Promise.all([desk.trust.known(s.account), authorsOf(site.store, s.account)]);
  const place: Place = { found, folder, keep: list.keep, sought, known, own, more: all ? { all: '1' } : {} };
  const [letters, next] = await Promise.all([
    Promise.all(shown.map(m => (open.has(m.id) ? opened(desk, m, place) : folded(m)))),
    beside(site, found, list, whole),
  ]);
  const to = (m: Beside | null) => (m === null ? null : `${pathOf(s, m.folderId, folder)}/${m.id}${list.keep}`);
  const [newer, older] = [to(next.newer), to(next.older)];
  const back = list.folder ? `${folderPath(folder)}${list.keep}` : `/search${list.keep}`;
  const after = { list: back, next: older ?? back, previous: newer ?? back }[s.account.afterAct];
  return {
    message: found,
    folder,
    letters,
    unfold: unfolding(),
    whole,
    muted: await isMuted(site, s.account, found),
    about: await writerOf(site, s, shown, found),
    unread,
    sought,
    back,
    after,
    newer,
    older,
  };

  function unfolding(): OpenPane['unfold'] {
    if (open.size === shown.length && !all) return null;
    return { all, href: at(folder, found, list.keep, all ? {} : { all: '1' }) };
  }

  function folded(m: Message): Folded {
    return { message: m, href: at(folder, found, list.keep, { of: String(m.id) }) };
  }
}

async function writerOf(site: Site, s: Screen, shown: Message[], found: Message): Promise<OpenPane['about']> {
  const message = shown.findLast(m => !isOwn(s, m)) ?? found;
  return { message, blocked: await blockOf(site, s.account, message) };
}

type Beside = { id: number; folderId: number };

const pathOf = (s: Screen, folderId: number, otherwise: Folder): string =>
  folderPath(s.folders.find(f => f.id === folderId) ?? otherwise);

/** In the order of the list that stands beside it; one by date goes on beyond its page. */
async function beside(
  site: Site,
  found: Message,
  list: ListPane,
  whole: boolean,
): Promise<{ newer: Beside | null; older: Beside | null }> {
  if (list.search === null && list.untils === null && (list.sorting?.by ?? 'date') === 'date') {
    const { newer, older } = whole
      ? await site.store.conversations.neighbours(found)
      : await site.store.messages.neighbours(found.accountId, found.id);
    const there = (id: number | null) => (id === null ? null : { id, folderId: found.folderId });
    return { newer: there(newer), older: there(older) };
  }
  const at = list.messages.findIndex(m => m.id === list.open);
  if (at < 0) return { newer: null, older: null };
  return { newer: list.messages[at - 1] ?? null, older: list.messages[at + 1] ?? null };
}

/** The message in the address, and what all of its page share. */
type Place = {
  found: Message;
  folder: Folder;
  keep: string;
  sought: SearchWords[];
  known: Known;
  own: Author[];
  /** Of the address of this page, beside the list. */
  more: Record<string, string>;
};

/** The page of a message, beside its list, with more to it. */
function at(folder: Folder, found: Message, keep: string, more: Record<string, string>): string {
  const query = new URLSearchParams(keep);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const text = query.toString();
  return `${folderPath(folder)}/${found.id}${text === '' ? '' : `?${text}`}`;
}

async function opened(desk: Desk, m: Message, place: Place): Promise<OpenMessage> {
  const { site, c, bodies, files, s } = desk;
  const { found, folder, keep, sought } = place;
  const content = await bodies.content(m);
  const header = content && (await bodies.header(content));
  const shown = content && bodies.display(content);
  const people = header ? addressees(header, m) : { from: sender(m), to: [], cc: [] };
  const trust = header ? await desk.trust.of(m, header, people.from, place.known) : noTrust;
  const event = await eventOf(bodies, content);
  const list = header && readListMail(header);
  const keys = [
    senderKey(m),
    receiptKey(m),
    ...(event ? [invitationKey(event)] : []),
    ...(list ? [listKey(list, m)] : []),
    ...(m.messageId ? [refusedKey(m.messageId)] : []),
  ];
  const choices = await site.store.choices.about(m.accountId, keys);
  const packed = content && shown ? await bodies.packed(content, shown) : null;
  const all = content && shown ? await files.all(c.var.words, m, content, shown.attachments) : [];
  const of = { ...place.more, ...(m.id === found.id ? {} : { of: String(m.id) }) };
  const link = (more: Record<string, string>) => at(folder, found, keep, { ...of, ...more });
  const meant = isMeant(c, m, found);
  const { authenticity } = trust;
  return {
    message: m,
    folder: s.folders.find(f => f.id === m.folderId) ?? folder,
    ...people,
    trust,
    invitation: event && cardOf(m, event, choices, place.own, await overtakenBy(site, s, bodies, m, event)),
    list: listCardOf(list, m, choices),
    blocked: await blockOf(site, s.account, m),
    receipt: header && receiptCardOf(header, m, choices),
    reminder: await reminderFor(site, s, m),
    outcomes: await outcomesFor(site, m, [...people.to, ...people.cc], choices),
    ...(await versionsOf({ c, bodies, message: m, content, shown, packed, event, meant, choices, authenticity, link })),
    back: link({}),
    attachments: all.filter(file => !(packed && !packed.cut && file.isBody)).map(card),
    sought,
  };
}

/** Of what one sent: when one is reminded of it. */
async function reminderFor(site: Site, s: Screen, m: Message): Promise<OpenMessage['reminder']> {
  if (s.folders.find(f => f.id === m.folderId)?.role !== 'sent') return null;
  return { at: await site.store.snoozes.reminderOf(m.accountId, m.id) };
}

/** `as`, `images` and `light` are about one message: the one in `of`, else the one in the path. */
const isMeant = (c: Ctx, m: Message, found: Message): boolean => m.id === (idOf(c.req.query('of')) ?? found.id);

/** Only the copy in Sent, wherever it lies now, tells of the others: a copy that came by mail has its trace in front. */
async function outcomesFor(
  site: Site,
  m: Message,
  named: Person[],
  choices: Choice[],
): Promise<OpenMessage['outcomes']> {
  const facts = m.prefix === '' ? await site.store.submissions.facts(m.accountId, m.contentId) : null;
  const addresses = named.map(p => p.address);
  return facts ? outcomesOf(facts, addresses, refusedIn(choices)) : [];
}

const sender = (m: Message): Person => ({ name: m.fromName, address: m.fromAddress });

function addressees(header: Header, m: Message) {
  const list = (name: string): Person[] => parseAddressList(header.get(name) ?? '');
  return { from: list('from')[0] ?? sender(m), to: list('to'), cc: list('cc') };
}

function card({ name, type, size, path }: MessageFile): AttachmentCard {
  const image = isInlineImage(type);
  const view = image || type === 'application/pdf' ? `${path}?inline` : hasPage(type) ? `${path}/view` : null;
  return { name, type, size, href: path, preview: image && size <= largestPreview, view };
}
