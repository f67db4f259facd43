/** What may be done to messages, one or many: flags, moves, removal. The path names one, the form may name many. */
import { Hono } from 'hono';
import { type Change, Flag } from '../daemon/store.ts';
import { afterAct } from './act.ts';
import type { Deed } from './acts.ts';
import { type Form, readForm } from './form.ts';
import { findPage, folderOf } from './lists.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, missing, screenOf } from './page.ts';
import { ownPath } from './session.ts';
import type { Ctx, Env, Site } from './site.ts';

/** A page has 50 rows; a form that names more was not made by one. */
const mostAtOnce = 500;
/** Ids of a list are collected so many at a time. */
const idsAtOnce = 5_000;
const foundAtOnce = 500;
/** What undoing needs of more than these is kept here, not in a cookie. */
const mostInCookie = 200;

export function changes(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.on('POST', ['/messages/flags', '/messages/:id/flags'], async c => {
    const form = await readForm(c);
    const ids = await chosen(c, form);
    if (ids === null) return missing(site, c);
    const deed: Deed = { kind: 'flags', set: bits(form.get('set')), clear: bits(form.get('clear')) };
    if (ids.length > mostAtOnce) return many(c, form, deed, ids);
    if (ids.length === 0) return back(c, form, { key: 'done.nothing' });
    tellAll(await site.store.messages.setFlags(c.var.account.id, ids, deed.set, deed.clear));
    return back(c, form, null);
  });

  app.on('POST', ['/messages/moves', '/messages/:id/moves'], async c => {
    const form = await readForm(c);
    const ids = await chosen(c, form);
    const folders = await site.store.folders.list(c.var.account.id);
    const goal = folderOf(folders, form.get('to') || form.get('folder'));
    if (ids === null || goal?.role === 'drafts' || (goal === null && form.get('to') !== '')) return missing(site, c);
    if (ids.length === 0 || goal === null) return back(c, form, { key: 'done.nothing' });
    const places = await placesOf(c, ids);
    if (ids.length > mostInCookie || places.length > 1) return many(c, form, { kind: 'move', to: goal.id }, ids);
    tellAll(await site.store.messages.move(c.var.account.id, ids, goal.id));
    const [from] = places;
    const undo = form.has('undo') || from === undefined || from === goal.id ? undefined : { ids, to: from };
    return back(c, form, { key: 'done.moved', n: ids.length, folder: goal.id, undo });
  });

  app.on('POST', ['/messages/removals', '/messages/:id/removals'], async c => {
    const form = await readForm(c);
    const ids = await chosen(c, form);
    if (ids === null) return missing(site, c);
    if (ids.length > mostAtOnce) return many(c, form, { kind: 'remove' }, ids);
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
    const ticked = new Set(form.all('message').map(idOf));
    // A row that was unticked again says that not all are meant.
    if (form.has('every') && ticked.size === Number(form.get('rows'))) return listed(c, form);
    return whole(c, form, [...ticked].filter(id => id !== null).slice(0, mostAtOnce));
  };

  /** In a list of conversations a message stands for all that lie with it; but one is starred, one is put back to unread. */
  const whole = async (c: Ctx, form: Form, ids: number[]): Promise<number[]> => {
    const alone = form.get('set') === 'flagged' || form.get('clear') === 'seen';
    return form.has('whole') && !alone ? site.store.conversations.whole(c.var.account.id, ids) : ids;
  };

  /** All of a list, on all its pages, as it is now. */
  const listed = async (c: Ctx, form: Form): Promise<number[]> => {
    const ids: number[] = [];
    const folderId = idOf(form.get('in'));
    if (folderId === null) {
      const s = await screenOf(site, c);
      let before: number | null = null;
      do {
        const { messages, next } = await findPage(site, s, form.get('q'), before, foundAtOnce);
        for (const m of messages) ids.push(m.id);
        before = next;
        // A long search must not hold up the pages of others.
        await new Promise<void>(resolve => setImmediate(resolve));
      } while (before !== null);
      return ids;
    }
    for (let page = await site.store.messages.ids(c.var.account.id, folderId, idsAtOnce); page.length > 0; ) {
      for (const { id } of page) ids.push(id);
      page = await site.store.messages.ids(c.var.account.id, folderId, idsAtOnce, page.at(-1));
    }
    return ids;
  };

  /** The folders they lie in, as far as a cookie would do for the way back. */
  const placesOf = async (c: Ctx, ids: number[]): Promise<number[]> =>
    ids.length > mostInCookie ? [] : [...(await site.store.messages.places(c.var.account.id, ids)).keys()];

  const many = (c: Ctx, form: Form, deed: Deed, ids: number[]): Promise<Response> =>
    afterAct(site, c, site.acts.begin(c.var.account.id, deed, ids, backOf(form)));

  const tellAll = (changed: Change[]) => {
    if (changed.length > 0) site.tell.changed(changed);
  };

  const back = (c: Ctx, form: Form, told: Told | null) => {
    if (told) tellOnce(site, c, told);
    return c.redirect(backOf(form), 303);
  };
  return app;
}

const backOf = (form: Form): string => ownPath(form.get('back'), '/mail/inbox');

const bits = (name: string): number => (name === 'seen' ? Flag.seen : name === 'flagged' ? Flag.flagged : 0);
