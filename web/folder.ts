/** Folders: their pages, and making, renaming and removing one's own. */
import { Hono } from 'hono';
import type { Folder } from '../daemon/store.ts';
import { draftsPane, emptyingPage, type FoldersForm, foldersPage, nothingOpen } from '../views/folder.ts';
import { folderName, folderPath } from '../views/layout.ts';
import { listPane } from '../views/list.ts';
import { afterAct } from './act.ts';
import { readForm } from './form.ts';
import { folderList, folderOf } from './lists.ts';
import { isNameLine } from './name-line.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, screenWith, show } from './page.ts';
import { allOf } from './selection.ts';
import type { Ctx, Env, Site } from './site.ts';

const longestName = 80;

export function folder(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/mail/:folder', async c => {
    const folders = await site.store.folders.list(c.var.account.id);
    const found = folderOf(folders, c.req.param('folder'));
    if (!found) return missing(site, c);
    const s = await screenWith(site, c, folders, { folderId: found.id });
    const title = folderName(s.w, found);
    if (found.role === 'drafts') {
      const drafts = await site.store.drafts.list(c.var.account.id);
      const list = draftsPane(s, found, drafts);
      return show(c, s, title, { view: 'list', list, content: nothingOpen(s, drafts.length > 0) });
    }
    const list = await folderList(site, s, found, c.req.query(), null);
    const content = nothingOpen(s, list.messages.length > 0);
    return show(c, s, title, { view: 'list', list: listPane(s, list), content });
  });

  /** Trash or Junk; null: any other folder is emptied by moving. */
  const emptied = async (c: Ctx): Promise<Folder | null> => {
    const found = folderOf(await site.store.folders.list(c.var.account.id), c.req.param('folder'));
    return found?.role === 'trash' || found?.role === 'junk' ? found : null;
  };

  app.get('/mail/:folder/emptying', async c => {
    const found = await emptied(c);
    if (!found) return missing(site, c);
    const s = await screenOf(site, c, { folderId: found.id });
    return show(c, s, folderName(s.w, found), { view: 'page', content: emptyingPage(s, found) });
  });

  app.post('/mail/:folder/emptying', async c => {
    const found = await emptied(c);
    if (!found) return missing(site, c);
    const ids = await allOf(site, c.var.account.id, found.id);
    return afterAct(site, c, site.acts.begin(c.var.account.id, { kind: 'remove' }, ids, folderPath(found)));
  });

  app.get('/folders', c => page(c, {}));

  app.post('/folders', async c => {
    const name = (await readForm(c)).get('name').trim();
    const made = goodFolder(name) ? await site.store.folders.create(c.var.account.id, name, site.now()) : null;
    if (made) return done(c, 'done.folder.created', made.name);
    const error = c.var.words.t(goodFolder(name) ? 'folders.taken' : 'folders.badname');
    return page(c, { fresh: { name, error } });
  });

  app.post('/folders/:id', async c => {
    const own = await ownFolder(c);
    if (!own) return missing(site, c);
    const name = (await readForm(c)).get('name').trim();
    if (goodFolder(name) && (await site.store.folders.rename(c.var.account.id, own.id, name)))
      return done(c, 'done.folder.renamed', name);
    const error = c.var.words.t(goodFolder(name) ? 'folders.taken' : 'folders.badname');
    return page(c, { wrong: { id: own.id, name, error } });
  });

  app.post('/folders/:id/removal', async c => {
    const own = await ownFolder(c);
    if (!own) return missing(site, c);
    if (await site.store.folders.remove(c.var.account.id, own.id)) return done(c, 'done.folder.removed', own.name);
    return page(c, { wrong: { id: own.id, name: own.name, error: c.var.words.t('folders.notempty') } });
  });

  const ownFolder = async (c: Ctx): Promise<Folder | null> => {
    const id = idOf(c.req.param('id'));
    const found = id === null ? null : await site.store.folders.byId(c.var.account.id, id);
    return found?.role === null ? found : null;
  };

  const done = (c: Ctx, key: 'done.folder.created' | 'done.folder.renamed' | 'done.folder.removed', name: string) => {
    tellOnce(site, c, { key, values: { folder: name } });
    return c.redirect('/folders', 303);
  };

  const page = async (c: Ctx, form: Partial<FoldersForm>) => {
    const s = await screenOf(site, c);
    const content = foldersPage(s, { fresh: { name: '', error: '' }, wrong: null, ...form });
    const wrong = form.fresh !== undefined || form.wrong !== undefined;
    return show(c, s, s.w.t('folders.title'), { view: 'page', content }, wrong ? 422 : 200);
  };
  return app;
}

export const goodFolder = (name: string): boolean => isNameLine(name, longestName);
