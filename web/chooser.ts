/** The page where a goal is chosen for messages: a folder, a label, a time; by a button or by typing its name. */
import { Hono } from 'hono';
import { type Folder, type Label, mostLabels } from '../daemon/store.ts';
import {
  type Chosen,
  type Having,
  labelChooser,
  moveChooser,
  type SnoozeForm,
  snoozeChooser,
  type Typed,
  type Wish,
} from '../views/chooser.ts';
import { folderName, type Screen } from '../views/layout.ts';
import type { Html } from '../views/words.ts';
import { goodFolder } from './folder.ts';
import { type Form, readForm } from './form.ts';
import { goodLabel } from './label-fields.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { back, chosen, meansAll } from './selection.ts';
import type { Ctx, Env, Site } from './site.ts';
import { snoozeForm } from './snooze-times.ts';

export function chooser(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.on('POST', ['/messages/choices', '/messages/:id/choices'], async c => {
    const form = await readForm(c);
    const wish = form.get('for');
    if (wish !== 'move' && wish !== 'label' && wish !== 'snooze') return missing(site, c);
    return chooserPage(site, c, form, wish, { text: '', error: '' });
  });

  // Where a browser that reloads the page of before ends up.
  app.on('GET', ['/messages/choices', '/messages/:id/choices'], c => c.redirect('/mail/inbox', 303));
  return app;
}

/** Asked anew, with what was typed and why it would not do. */
export async function chooserPage(
  site: Site,
  c: Ctx,
  form: Form,
  wish: Wish,
  typed: Typed,
  snooze: SnoozeForm | null = null,
): Promise<Response> {
  const one = c.req.param('id') !== undefined;
  const all = !one && meansAll(form);
  const ids = all ? null : await chosen(site, c, form);
  if (ids === null && !all) return missing(site, c);
  if (ids?.length === 0) return back(site, c, form, { key: 'done.nothing' });
  const s = await screenOf(site, c);
  const picked = { path: pathOf(c), fields: fieldsOf(form, wish, one), count: ids?.length ?? null };
  const content = await pane(site, c, s, { wish, form, picked, ids, typed, snooze });
  const wrong = typed.error !== '' || snooze !== null;
  return show(c, s, s.w.t(`choose.${wish}.title`), { view: 'page', content }, wrong ? 422 : 200);
}

type Asked = {
  wish: Wish;
  form: Form;
  picked: Chosen;
  ids: number[] | null;
  typed: Typed;
  snooze: SnoozeForm | null;
};

async function pane(site: Site, c: Ctx, s: Screen, a: Asked): Promise<Html> {
  if (a.wish === 'snooze') return snoozeChooser(s, a.picked, a.snooze ?? snoozeForm(s.w, site.now(), null, ''));
  const { text } = a.typed;
  if (a.wish === 'move') {
    const here = idOf(a.form.get('in'));
    const goals = goalsOf(s.folders).filter(f => f.id !== here);
    return moveChooser(
      s,
      a.picked,
      fitting(goals, f => folderName(s.w, f), text),
      a.typed,
      goodFolder(text) && !s.folders.some(f => same(folderName(s.w, f), text)),
    );
  }
  const counts = a.ids === null ? null : await site.store.labels.among(c.var.account.id, a.ids);
  const having = (label: Label): Having => {
    if (counts === null || a.ids === null) return 'unknown';
    const n = counts.get(label.id) ?? 0;
    return n === 0 ? 'none' : n === a.ids.length ? 'all' : 'some';
  };
  const some = fitting(s.labels, l => l.name, text);
  const isNew = goodLabel(text) && !s.labels.some(l => same(l.name, text)) && s.labels.length < mostLabels;
  return labelChooser(
    s,
    a.picked,
    some.map(label => ({ label, having: having(label) })),
    a.typed,
    isNew,
  );
}

/** Where messages may go by themselves. */
export const goalsOf = (folders: Folder[]): Folder[] =>
  folders.filter(f => f.role !== 'drafts' && f.role !== 'snoozed');

/** Without accents and case, so that `resume` finds Résumé. */
const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const same = (one: string, other: string): boolean => folded(one) === folded(other);

/** Those with a word that begins so; all, where that leaves none. */
function fitting<T>(all: T[], nameOf: (one: T) => string, typed: string): T[] {
  const wanted = folded(typed);
  const some = all.filter(one =>
    folded(nameOf(one))
      .split(/[^\p{L}\p{N}]+/u)
      .concat(folded(nameOf(one)))
      .some(word => word.startsWith(wanted)),
  );
  return some.length === 0 ? all : some;
}

/** The one that is meant by what was typed: its name, or the beginning of a word that only it has (`whole`: never that). */
export function meant<T>(all: T[], nameOf: (one: T) => string, typed: string, whole: boolean): T | 'none' | 'several' {
  const exact = all.filter(one => same(nameOf(one), typed));
  if (exact.length === 1) return exact[0]!;
  if (whole) return 'none';
  const some = typed === '' ? [] : fitting(all, nameOf, typed);
  if (some.length === 1) return some[0]!;
  return some.length === all.length || some.length === 0 ? 'none' : 'several';
}

const pathOf = (c: Ctx): string => (c.req.param('id') === undefined ? '/messages' : `/messages/${c.req.param('id')}`);

const carried = ['back', 'whole', 'in', 'q'];
const selection = ['every', 'rows', 'message'];

/** A label leaves the message where it is, and its reader, too. `one`: it is named in the path, whatever is selected. */
function fieldsOf(form: Form, wish: Wish, one: boolean): Chosen['fields'] {
  const values = (name: string) =>
    name === 'back' && wish === 'label' && form.has('stay') ? form.all('stay') : form.all(name);
  return [...carried, ...(one ? [] : selection)].flatMap(name =>
    values(name).map((value): [string, string] => [name, value]),
  );
}
