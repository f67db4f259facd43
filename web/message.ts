/** One message, with its conversation, as a page beside its list; and its HTML in a frame of its own address. */
import { Hono } from 'hono';
import { cleanText, decodeWords, readHeader } from '../daemon/mail/header.ts';
import { type Change, Flag, type Folder, type Message } from '../daemon/store.ts';
import { nothingOpen } from '../views/folder.ts';
import { headersPage } from '../views/headers.ts';
import { folderPath, type Screen } from '../views/layout.ts';
import { type ListPane, listPane } from '../views/list.ts';
import { messagePane } from '../views/message.ts';
import { foldQuote, frameHeaders, messageFrame, nameTargets } from '../views/safe-html.ts';
import { createBodies, darkFor } from './bodies.ts';
import { createFiles } from './files.ts';
import { folderList, searchList, soughtBy } from './lists.ts';
import { openingOf } from './opening.ts';
import { idOf, messageById, missing, refreshesList, screenOf, show } from './page.ts';
import { openPane, readingOf } from './reading.ts';
import type { Ctx, Env, Site } from './site.ts';
import { createTrust } from './trust.ts';
import { askedForImages } from './version.ts';

export function message(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);
  const files = createFiles(site);
  const trust = createTrust(site);

  app.get('/mail/:folder/:message', async c => {
    const found = await messageById(site, c, c.req.param('message'));
    if (!found) return missing(site, c);
    const s = await screenOf(site, c, { folderId: found.folderId, query: c.req.query('q') ?? '' });
    const folder = s.folders.find(f => f.id === found.folderId);
    if (!folder) return missing(site, c);
    // It was moved since the link was made: its place has changed, it has not.
    const path = `${folderPath(folder)}/${found.id}`;
    if (c.req.path !== path) return c.redirect(path, 303);
    if (refreshesList(c)) {
      const list = listPane(s, await listBeside(site, c, s, folder, found));
      return show(c, s, titleOf(s, found), { view: 'message', list, content: nothingOpen(s, true) });
    }
    const reading = await readingOf(site, c, s, found, folder);
    const { read, unread } = openingOf(
      c,
      s.account,
      reading.shown.filter(m => reading.open.has(m.id)),
    );
    await markSeen(s, read);
    const list = await listBeside(site, c, s, folder, found);
    const content = messagePane(
      s,
      await openPane({ site, c, bodies, files, trust, s }, { ...reading, unread, sought: soughtBy(site, s) }, list),
    );
    return show(c, s, titleOf(s, found), { view: 'message', list: listPane(s, list), content });
  });

  /** The page of a conversation for ever: where its newest message lies now. */
  app.get('/conversations/:id', async c => {
    const number = idOf(c.req.param('id'));
    const newest = number === null ? null : await site.store.conversations.newest(c.var.account.id, number);
    const folders = await site.store.folders.list(c.var.account.id);
    const folder = folders.find(f => f.id === newest?.folderId);
    return newest && folder ? c.redirect(`${folderPath(folder)}/${newest.id}`, 303) : missing(site, c);
  });

  app.get('/messages/:id/body', async c => {
    const found = await messageById(site, c, c.req.param('id'));
    const content = found && (await bodies.content(found));
    const shown = content && bodies.display(content);
    const packed = content && shown && (await bodies.packed(content, shown));
    if (!found || !content || !shown || !(packed ? packed.type === 'text/html' : shown.hasHtml))
      return missing(site, c);
    const remoteImages = askedForImages(c);
    const dark = c.req.query('light') === undefined && darkFor(c.var.account);
    const safe = await bodies.html(found, content, shown, { remoteImages, dark });
    const { t } = c.var.words;
    if (!safe.shown) return missing(site, c);
    const named = nameTargets(safe.html, host => t('message.leads', { host }));
    const page = { body: foldQuote(named, t('message.quote')), title: found.subject || t('list.nosubject') };
    return c.body(messageFrame({ ...page, dark: safe.dark && dark }), 200, frameHeaders({ remoteImages }));
  });

  app.get('/messages/:id/headers', async c => {
    const found = await messageById(site, c, c.req.param('id'));
    const content = found && (await bodies.content(found));
    if (!found || !content) return missing(site, c);
    const s = await screenOf(site, c);
    const folder = s.folders.find(f => f.id === found.folderId);
    const fields = [...readHeader(Buffer.from(found.prefix)).every(), ...(await bodies.header(content)).every()];
    const shown = fields.map(({ name, value }) => ({ name, value: cleanText(decodeWords(value)) }));
    const back = folder ? `${folderPath(folder)}/${found.id}` : '/mail/inbox';
    return show(c, s, s.w.t('headers.title'), { view: 'page', content: headersPage(s, found, back, shown) });
  });

  /** Before the list is read, so that page and list agree. */
  const markSeen = async (s: Screen, fresh: Message[]): Promise<void> => {
    if (fresh.length === 0) return;
    const ids = fresh.map(m => m.id);
    const changed = await site.store.messages.setFlags(s.account.id, ids, Flag.seen, Flag.unreadAgain);
    if (changed.length > 0) site.tell.changed(changed);
    recount(s.folders, fresh, changed);
  };
  return app;
}

function recount(folders: Folder[], fresh: Message[], changed: Change[]): void {
  for (const { folderId } of changed) {
    const folder = folders.find(f => f.id === folderId);
    if (folder) folder.unread = Math.max(0, folder.unread - fresh.filter(m => m.folderId === folderId).length);
  }
}

const titleOf = (s: Screen, m: Message): string => m.subject || s.w.t('list.nosubject');

const listBeside = (site: Site, c: Ctx, s: Screen, folder: Folder, open: Message): Promise<ListPane> =>
  c.req.query('q') === undefined
    ? folderList(site, s, folder, c.req.query(), open)
    : searchList(site, s, c.req.query(), open);
