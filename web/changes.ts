/** What may be done to messages, one or many: flags, moves, removal. The path names one, the form may name many. */
import { Hono } from 'hono';
import { type Change, Flag } from '../daemon/store.ts';
import { type Form, readForm } from './form.ts';
import { folderOf } from './lists.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, missing } from './page.ts';
import { ownPath } from './session.ts';
import type { Ctx, Env, Site } from './site.ts';

/** A page has 50 rows; a form that names more was not made by one. */
const mostAtOnce = 500;

export function changes(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.on('POST', ['/messages/flags', '/messages/:id/flags'], async c => {
    const form = await readForm(c);
    const ids = await chosen(c, form);
    if (ids === null) return missing(site, c);
    if (ids.length === 0) return back(c, form, { key: 'done.nothing' });
    tellAll(await site.store.messages.setFlags(c.var.account.id, ids, bits(form.get('set')), bits(form.get('clear'))));
    return back(c, form, null);
  });

  app.on('POST', ['/messages/moves', '/messages/:id/moves'], async c => {
    const form = await readForm(c);
    const ids = await chosen(c, form);
    const folders = await site.store.folders.list(c.var.account.id);
    const goal = folderOf(folders, form.get('to') || form.get('folder'));
    if (ids === null || goal?.role === 'drafts' || (goal === null && form.get('to') !== '')) return missing(site, c);
    if (ids.length === 0 || goal === null) return back(c, form, { key: 'done.nothing' });
    const from = await commonFolder(c, ids);
    tellAll(await site.store.messages.move(c.var.account.id, ids, goal.id));
    const undo = form.has('undo') || from === null || from === goal.id ? undefined : { ids, to: from };
    return back(c, form, { key: 'done.moved', n: ids.length, folder: goal.id, undo });
  });

  app.on('POST', ['/messages/removals', '/messages/:id/removals'], async c => {
    const form = await readForm(c);
    const ids = await chosen(c, form);
    if (ids === null) return missing(site, c);
    if (ids.length === 0) return back(c, form, { key: 'done.nothing' });
    tellAll(await site.store.messages.remove(c.var.account.id, ids));
    return back(c, form, { key: 'done.purged', n: ids.length });
  });

  /** The messages meant that do exist for this account; null: the one named in the path does not. */
  const chosen = async (c: Ctx, form: Form): Promise<number[] | null> => {
    const named = c.req.param('id');
    if (named !== undefined) {
      const id = idOf(named);
      return id !== null && (await site.store.messages.get(c.var.account.id, id)) ? whole(c, form, [id]) : null;
    }
    const ids = form.all('message').map(idOf);
    return whole(c, form, [...new Set(ids.filter(id => id !== null))].slice(0, mostAtOnce));
  };

  /** In a list of conversations a message stands for all that lie with it; but one is starred, one is put back to unread. */
  const whole = async (c: Ctx, form: Form, ids: number[]): Promise<number[]> => {
    const alone = form.get('set') === 'flagged' || form.get('clear') === 'seen';
    return form.has('whole') && !alone ? site.store.conversations.whole(c.var.account.id, ids) : ids;
  };

  /** Undo needs one place to put them back to. */
  const commonFolder = async (c: Ctx, ids: number[]): Promise<number | null> => {
    const found = await Promise.all(ids.slice(0, 100).map(id => site.store.messages.get(c.var.account.id, id)));
    const places = new Set(found.map(m => m?.folderId ?? null));
    const [only] = places;
    return places.size === 1 ? (only ?? null) : null;
  };

  const tellAll = (changed: Change[]) => {
    if (changed.length > 0) site.tell.changed(changed);
  };

  const back = (c: Ctx, form: Form, told: Told | null) => {
    if (told) tellOnce(site, c, told);
    return c.redirect(ownPath(form.get('back'), '/mail/inbox'), 303);
  };
  return app;
}

const bits = (name: string): number => (name === 'seen' ? Flag.seen : name === 'flagged' ? Flag.flagged : 0);
