/** Which messages a form of a list means: those ticked, the one in its path, or all of a list on all its pages. */
import type { Change } from '../daemon/store.ts';
import { afterAct } from './act.ts';
import type { Deed } from './acts.ts';
import type { Form } from './form.ts';
import { findPage } from './lists.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, screenOf } from './page.ts';
import { ownPath } from './session.ts';
import type { Ctx, Site } from './site.ts';

/** A page has 50 rows; a form that names more was not made by one. */
export const mostAtOnce = 500;
/** Ids of a list are collected so many at a time. */
const idsAtOnce = 5_000;
const foundAtOnce = 500;
/** What undoing needs of more than these is kept here, not in a cookie. */
export const mostInCookie = 200;

/** The messages meant that do exist for this account; null: the one named in the path does not. */
export async function chosen(site: Site, c: Ctx, form: Form): Promise<number[] | null> {
  const named = c.req.param('id');
  if (named !== undefined) {
    const id = idOf(named);
    return id !== null && (await site.store.messages.get(c.var.account.id, id)) ? whole(site, c, form, [id]) : null;
  }
  if (meansAll(form)) return listed(site, c, form);
  return whole(site, c, form, ticked(form));
}

/** A row that was unticked again says that not all are meant. */
export const meansAll = (form: Form): boolean => form.has('every') && ticked(form).length === Number(form.get('rows'));

export const ticked = (form: Form): number[] =>
  [...new Set(form.all('message').map(idOf))].filter(id => id !== null).slice(0, mostAtOnce);

/** In a list of conversations a message stands for all that lie with it; but one is starred, one is put back to unread. */
async function whole(site: Site, c: Ctx, form: Form, ids: number[]): Promise<number[]> {
  const alone = form.get('set') === 'flagged' || form.get('clear') === 'seen';
  return form.has('whole') && !alone ? site.store.conversations.whole(c.var.account.id, ids) : ids;
}

/** All of a list, on all its pages, as it is now. */
async function listed(site: Site, c: Ctx, form: Form): Promise<number[]> {
  const folderId = idOf(form.get('in'));
  return folderId === null ? found(site, c, form.get('q')) : allOf(site, c.var.account.id, folderId);
}

async function found(site: Site, c: Ctx, query: string): Promise<number[]> {
  const ids: number[] = [];
  const s = await screenOf(site, c);
  let before: number | null = null;
  do {
    const { messages, next } = await findPage(site, s, query, before, foundAtOnce);
    for (const m of messages) ids.push(m.id);
    before = next;
    // A long search must not hold up the pages of others.
    await new Promise<void>(resolve => setImmediate(resolve));
  } while (before !== null);
  return ids;
}

/** Ids of all messages of a folder, newest first. */
export async function allOf(site: Site, accountId: number, folderId: number): Promise<number[]> {
  const ids: number[] = [];
  for (let page = await site.store.messages.ids(accountId, folderId, idsAtOnce); page.length > 0; ) {
    for (const { id } of page) ids.push(id);
    page = await site.store.messages.ids(accountId, folderId, idsAtOnce, page.at(-1));
  }
  return ids;
}

/** What takes long has a page of its own, and a way back kept here. */
export const many = (site: Site, c: Ctx, form: Form, deed: Deed, ids: number[]): Promise<Response> =>
  afterAct(site, c, site.acts.begin(c.var.account.id, deed, ids, backOf(form)));

export function tellAll(site: Site, changed: Change[]): void {
  if (changed.length > 0) site.tell.changed(changed);
}

export function back(site: Site, c: Ctx, form: Form, told: Told | null): Response {
  if (told) tellOnce(site, c, told);
  return c.redirect(backOf(form), 303);
}

export const backOf = (form: Form): string => ownPath(form.get('back'), '/mail/inbox');
