/** What the right pane shows of a message: the messages of its conversation, open or folded, and the text of each. */
import { parseAddressList } from '../daemon/mail/address.ts';
import type { DisplayParts, Part } from '../daemon/mail/parts.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { type Content, Flag, type Folder, type Message } from '../daemon/store.ts';
import type { Folded } from '../views/conversation.ts';
import { folderPath, type Screen } from '../views/layout.ts';
import type { ListPane } from '../views/list.ts';
import type { AttachmentCard, MessageBody, OpenMessage, OpenPane, Person } from '../views/message.ts';
import { type Bodies, isInlineImage, partName } from './bodies.ts';
import { outcomesOf } from './outcomes.ts';
import { idOf } from './page.ts';
import type { Ctx, Site } from './site.ts';

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
};

/** With the words of the search it was found by. */
type Sought = Reading & { sought: SearchWords[] };

/** What is shown with a message, and what of it is open: the newest, the one asked for, and what was not read yet. */
export async function readingOf(site: Site, c: Ctx, s: Screen, found: Message, folder: Folder): Promise<Reading> {
  if (s.account.flat) return { found, folder, shown: [found], open: new Set([found.id]) };
  const shown = once(visible(s, folder, await site.store.conversations.around(found)), folder);
  const unread = shown.filter(m => (m.flags & Flag.seen) === 0).map(m => m.id);
  const open = new Set([
    found.id,
    shown.at(-1)?.id ?? found.id,
    idOf(c.req.query('of')) ?? 0,
    ...unread.slice(-mostOpen),
  ]);
  return { found, folder, shown, open };
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
    seen.add(m.contentId);
    return !twice;
  });
}

export async function openPane(
  site: Site,
  c: Ctx,
  bodies: Bodies,
  s: Screen,
  { found, folder, shown, open, sought }: Sought,
  list: ListPane,
): Promise<OpenPane> {
  const whole = !s.account.flat;
  const [letters, next] = await Promise.all([
    Promise.all(
      shown.map(m => (open.has(m.id) ? opened(site, c, bodies, s, m, found, folder, list.keep, sought) : folded(m))),
    ),
    whole ? site.store.conversations.neighbours(found) : site.store.messages.neighbours(found.accountId, found.id),
  ]);
  const to = (id: number | null) => (id === null ? null : `${folderPath(folder)}/${id}${list.keep}`);
  return {
    message: found,
    folder,
    letters,
    whole,
    sought,
    back: list.folder ? `${folderPath(folder)}${list.keep}` : `/search${list.keep}`,
    newer: to(next.newer),
    older: to(next.older),
  };

  function folded(m: Message): Folded {
    return { message: m, href: at(folder, found, list.keep, { of: String(m.id) }) };
  }
}

/** The page of a message, beside its list, with more to it. */
function at(folder: Folder, found: Message, keep: string, more: Record<string, string>): string {
  const query = new URLSearchParams(keep);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const text = query.toString();
  return `${folderPath(folder)}/${found.id}${text === '' ? '' : `?${text}`}`;
}

async function opened(
  site: Site,
  c: Ctx,
  bodies: Bodies,
  s: Screen,
  m: Message,
  found: Message,
  folder: Folder,
  keep: string,
  sought: SearchWords[],
): Promise<OpenMessage> {
  const content = await bodies.content(m);
  const shown = content && bodies.display(content);
  const people = content ? await addressees(bodies, content, m) : { from: sender(m), to: [], cc: [] };
  const of: Record<string, string> = m.id === found.id ? {} : { of: String(m.id) };
  const link = (more: Record<string, string>) => at(folder, found, keep, { ...of, ...more });
  return {
    message: m,
    folder: s.folders.find(f => f.id === m.folderId) ?? folder,
    ...people,
    outcomes: await outcomesFor(site, m, [...people.to, ...people.cc]),
    ...(await versions(c, bodies, m, content, shown, isMeant(c, m, found), link)),
    attachments: shown ? shown.attachments.map(part => card(c, m, part)) : [],
    sought,
  };
}

/** `as` and `images` are about one message: the one in `of`, else the one in the path. */
const isMeant = (c: Ctx, m: Message, found: Message): boolean => m.id === (idOf(c.req.query('of')) ?? found.id);

/** Only the copy in Sent, wherever it lies now, tells of the others: a copy that came by mail has its trace in front. */
async function outcomesFor(site: Site, m: Message, named: Person[]): Promise<OpenMessage['outcomes']> {
  const facts = m.prefix === '' ? await site.store.submissions.facts(m.accountId, m.contentId) : null;
  const addresses = named.map(p => p.address);
  return facts ? outcomesOf(facts, addresses) : [];
}

const sender = (m: Message): Person => ({ name: m.fromName, address: m.fromAddress });

async function addressees(bodies: Bodies, content: Content, m: Message) {
  const header = await bodies.header(content);
  const list = (name: string): Person[] => parseAddressList(header.get(name) ?? '');
  return { from: list('from')[0] ?? sender(m), to: list('to'), cc: list('cc') };
}

type Versions = Pick<OpenMessage, 'body' | 'other' | 'imagesHref'>;

/** HTML where there is some, unless plain text is asked for; each version links to the other. */
async function versions(
  c: Ctx,
  bodies: Bodies,
  m: Message,
  content: Content | null,
  shown: DisplayParts | null,
  meant: boolean,
  link: (more: Record<string, string>) => string,
): Promise<Versions> {
  const none = { other: null, imagesHref: null };
  if (!content || !shown) return { ...none, body: { kind: 'gone' } };
  const hasPlain = shown.text.some(part => part.type === 'text/plain');
  if (!shown.hasHtml || (hasPlain && meant && c.req.query('as') === 'text')) {
    const other = shown.hasHtml ? { href: link({}), plain: false } : null;
    return { ...none, other, body: await plainBody(bodies, m, content, shown) };
  }
  const images = meant && askedForImages(c);
  const safe = await bodies.html(m, content, shown, images);
  const src = `/messages/${m.id}/body${images ? '?images=1' : ''}`;
  const body: MessageBody = safe.shown
    ? { kind: 'html', src, blocked: images ? 0 : safe.remoteBlocked }
    : { kind: 'broken' };
  return {
    body,
    other: hasPlain ? { href: link({ as: 'text' }), plain: true } : null,
    imagesHref: link({ images: '1' }),
  };
}

async function plainBody(bodies: Bodies, m: Message, content: Content, shown: DisplayParts): Promise<MessageBody> {
  const { text, cut } = await bodies.text(content, shown.text);
  if (text.trim() === '') return { kind: 'none' };
  return { kind: 'text', text, rest: cut ? `/messages/${m.id}/parts/${cut.id || '1'}` : null };
}

function card(c: Ctx, m: Message, part: Part): AttachmentCard {
  const encoded = part.bodyTo - part.bodyFrom;
  const size = part.encoding === 'base64' ? Math.floor((encoded * 57) / 78) : encoded;
  return {
    name: partName(c.var.words, part),
    type: part.type,
    size,
    href: `/messages/${m.id}/parts/${part.id || '1'}`,
    preview: isInlineImage(part.type) && size <= largestPreview,
  };
}

/** Remote images load only for who asked on a page of ours: a link elsewhere must not make a reader call home. */
export function askedForImages(c: Ctx): boolean {
  const from = c.req.header('Sec-Fetch-Site') ?? 'same-origin';
  return c.req.query('images') === '1' && (from === 'same-origin' || from === 'none');
}
