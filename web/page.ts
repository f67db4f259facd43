/** Turns views into answers: a whole page, or the shell alone when htmx asks; and pages that refuse. */
import { type Account, type Folder, isAway, type Message, Sorting, type Vacation } from '../daemon/store.ts';
import { type ErrorStatus, errorPage, errorPane, errorTitle, type Trouble } from '../views/errors.ts';
import {
  appBody,
  documentOf,
  fragmentOf,
  listFragment,
  type Notice,
  type Panes,
  pageTitle,
  type Screen,
  shellOf,
  unreadOf,
} from '../views/layout.ts';

import { answerPage } from './answer.ts';
import { takeNotice } from './notice.ts';
import { recognise } from './session.ts';
import { type Ctx, doorOf, type Site } from './site.ts';

/** htmx asks for a part when it has a target; boosted links and plain clicks ask for all (DESIGN §7). */
const wantsPart = (c: Ctx): boolean => c.req.header('HX-Request-Type') === 'partial';

/** New mail came: only the list and the folders are asked for, so that nothing else moves. */
export const refreshesList = (c: Ctx): boolean => wantsPart(c) && c.req.header('HX-Target') === 'section#list';

/** What every signed-in page shows around itself: one query for the folders, one for the searches kept beside them. */
export async function screenOf(site: Site, c: Ctx, at: { folderId?: number | null; query?: string } = {}) {
  const folders = await site.store.folders.list(c.var.account.id);
  return screenWith(site, c, folders, at);
}

export async function screenWith(
  site: Site,
  c: Ctx,
  folders: Folder[],
  at: { folderId?: number | null; query?: string } = {},
): Promise<Screen> {
  const w = c.var.words;
  const labels = await site.store.labels.list(c.var.account.id);
  const url = new URL(c.req.url);
  url.searchParams.delete('select');
  return {
    ...doorOf(site, c),
    account: c.var.account,
    folders,
    folderId: at.folderId ?? null,
    labels,
    reminders: await site.store.snoozes.countReminders(c.var.account.id),
    saved: await site.store.savedSearches.list(c.var.account.id),
    waiting: await site.store.heldSubmissions.count(c.var.account.id),
    query: at.query ?? '',
    mistaken: false,
    here: c.req.method === 'GET' ? c.req.path + url.search : '/mail/inbox',
    notice: takeNotice(site, c, { w, folders, labels }) satisfies Notice | null,
    away: await awayNow(site, c.var.account),
  };
}

/** The answer that is sent at this moment; null: none is. */
async function awayNow({ store, now }: Site, { id, sorting }: Account): Promise<Vacation | null> {
  const vacation = sorting & Sorting.vacation ? await store.vacations.get(id) : null;
  return vacation && isAway(vacation, now()) ? vacation : null;
}

export async function show(
  c: Ctx,
  s: Screen,
  title: string,
  panes: Panes,
  status: 200 | 422 | 507 | ErrorStatus = 200,
) {
  const shell = shellOf(s, panes);
  const whole = pageTitle(s, title);
  c.header('Vary', 'HX-Request-Type', { append: true });
  c.header('Vary', 'HX-Target', { append: true });
  c.header('Cache-Control', 'no-store');
  if (refreshesList(c) && panes.list) return answerPage(c, s, listFragment(s, whole, panes.list), 200);
  const page = wantsPart(c) ? fragmentOf(whole, shell) : documentOf(s, whole, appBody(s, shell), unreadOf(s));
  return answerPage(c, s, page, status);
}

/** The same answer for what is missing and for what is somebody else's. */
export async function refuse(site: Site, c: Ctx, trouble: Trouble) {
  const door = doorOf(site, c);
  const known = c.var.account !== undefined || (trouble.status !== 503 && (await recognise(site, c)));
  if (!known || trouble.status === 503) {
    const page = wantsPart(c)
      ? fragmentOf(errorTitle(door, trouble), errorPane(door, trouble))
      : errorPage(door, trouble);
    return c.html(page, trouble.status);
  }
  const s = await screenOf(site, c);
  return show(c, s, errorTitle(door, trouble), { view: 'page', content: errorPane(s, trouble) }, trouble.status);
}

export const missing = (site: Site, c: Ctx) => refuse(site, c, { status: 404 });

/** A number in a path; null for what cannot be an id. */
export const idOf = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;

/** The account's message of this id; null for one that is not there, or not theirs. */
export async function messageById(site: Site, c: Ctx, id: string | undefined): Promise<Message | null> {
  const number = idOf(id);
  return number === null ? null : site.store.messages.get(c.var.account.id, number);
}
