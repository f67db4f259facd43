/** One message as a page beside its list; and its HTML in a frame of its own address. */
import { Hono } from 'hono';
import { parseAddressList } from '../daemon/mail/address.ts';
import type { DisplayParts, Part } from '../daemon/mail/parts.ts';
import { type Content, Flag, type Folder, type Message } from '../daemon/store.ts';
import { nothingOpen } from '../views/folder.ts';
import { folderPath, type Screen } from '../views/layout.ts';
import { type ListPane, listPane } from '../views/list.ts';
import { type AttachmentCard, type MessageBody, messagePane, type OpenMessage, type Person } from '../views/message.ts';
import { frameHeaders, messageFrame } from '../views/safe-html.ts';
import { type Bodies, createBodies, isInlineImage, partName } from './bodies.ts';
import { folderList, searchList, soughtBy } from './lists.ts';
import { outcomesOf } from './outcomes.ts';
import { messageById, missing, refreshesList, screenOf, show } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

/** A picture larger than this is a download, not a preview. */
const largestPreview = 2_000_000;

export function message(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site.store, site.log);

  app.get('/mail/:folder/:message', async c => {
    const found = await messageById(site, c, c.req.param('message'));
    if (!found) return missing(site, c);
    const s = await screenOf(site, c, { folderId: found.folderId, query: c.req.query('q') ?? '' });
    const folder = s.folders.find(f => f.id === found.folderId);
    if (!folder) return missing(site, c);
    // It was moved since the link was made: its place has changed, it has not.
    const path = `${folderPath(folder)}/${found.id}`;
    if (c.req.path !== path) return c.redirect(path, 303);
    const read = refreshesList(c) ? found : await markSeen(found, folder);
    const list = await listBeside(site, c, s, folder, found.id);
    const seen = { ...list, messages: list.messages.map(m => (m.id === read.id ? { ...m, flags: read.flags } : m)) };
    const content = refreshesList(c)
      ? nothingOpen(s, true)
      : messagePane(s, { ...(await open(site, c, bodies, read, folder, list)), sought: soughtBy(site, s) });
    return show(c, s, read.subject || s.w.t('list.nosubject'), { view: 'message', list: listPane(s, seen), content });
  });

  app.get('/messages/:id/body', async c => {
    const found = await messageById(site, c, c.req.param('id'));
    const content = found && (await bodies.content(found));
    const shown = content && bodies.display(content);
    if (!found || !content || !shown?.hasHtml) return missing(site, c);
    const remoteImages = askedForImages(c);
    const safe = await bodies.html(found, content, shown, remoteImages);
    const title = found.subject || c.var.words.t('list.nosubject');
    return c.body(messageFrame({ body: safe.html, title }), 200, frameHeaders({ remoteImages }));
  });

  const markSeen = async (found: Message, folder: Folder): Promise<Message> => {
    if (found.flags & Flag.seen) return found;
    const changed = await site.store.messages.setFlags(found.accountId, [found.id], Flag.seen, 0);
    if (changed.length > 0) site.tell.changed(changed);
    folder.unread = Math.max(0, folder.unread - 1);
    return { ...found, flags: found.flags | Flag.seen };
  };
  return app;
}

const listBeside = (site: Site, c: Ctx, s: Screen, folder: Folder, id: number): Promise<ListPane> =>
  c.req.query('q') === undefined
    ? folderList(site, s, folder, c.req.query(), id)
    : searchList(site, s, c.req.query(), id);

async function open(
  site: Site,
  c: Ctx,
  bodies: Bodies,
  m: Message,
  folder: Folder,
  list: ListPane,
): Promise<Omit<OpenMessage, 'sought'>> {
  const [content, next] = await Promise.all([bodies.content(m), site.store.messages.neighbours(m.accountId, m.id)]);
  const path = `${folderPath(folder)}/${m.id}`;
  const to = (id: number | null) => (id === null ? null : `${folderPath(folder)}/${id}${list.keep}`);
  const shown = content && bodies.display(content);
  const people = content ? await addressees(bodies, content, m) : { from: sender(m), to: [], cc: [] };
  return {
    message: m,
    folder,
    ...people,
    outcomes: await outcomesFor(site, m, [...people.to, ...people.cc]),
    ...(await versions(c, bodies, m, content, shown, path)),
    attachments: shown ? shown.attachments.map(part => card(c, m, part)) : [],
    back: list.folder ? `${folderPath(folder)}${list.keep}` : `/search${list.keep}`,
    newer: to(next.newer),
    older: to(next.older),
  };
}

/** Only the copy in Sent, wherever it lies now, tells of the others: a copy that came by mail has its trace in front. */
async function outcomesFor(site: Site, m: Message, named: Person[]): Promise<OpenMessage['outcomes']> {
  const facts = m.prefix === '' ? await site.store.submissions.facts(m.accountId, m.contentId) : null;
  return facts
    ? outcomesOf(
        facts,
        named.map(p => p.address),
      )
    : [];
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
  path: string,
): Promise<Versions> {
  const none = { other: null, imagesHref: null };
  if (!content || !shown) return { ...none, body: { kind: 'gone' } };
  const hasPlain = shown.text.some(part => part.type === 'text/plain');
  if (!shown.hasHtml || (hasPlain && c.req.query('as') === 'text')) {
    const other = shown.hasHtml ? { href: path, plain: false } : null;
    return { ...none, other, body: await plainBody(bodies, m, content, shown) };
  }
  const images = askedForImages(c);
  const safe = await bodies.html(m, content, shown, images);
  const src = `/messages/${m.id}/body${images ? '?images=1' : ''}`;
  const body: MessageBody = safe.shown
    ? { kind: 'html', src, blocked: images ? 0 : safe.remoteBlocked }
    : { kind: 'broken' };
  return {
    body,
    other: hasPlain ? { href: `${path}?as=text`, plain: true } : null,
    imagesHref: `${path}?images=1`,
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
function askedForImages(c: Ctx): boolean {
  const from = c.req.header('Sec-Fetch-Site') ?? 'same-origin';
  return c.req.query('images') === '1' && (from === 'same-origin' || from === 'none');
}
