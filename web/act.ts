/** The page of what is done to many messages, while it is done and after. */
import { Hono } from 'hono';
import { type ActPage, actPage } from '../views/act.ts';
import { folderName, type Screen } from '../views/layout.ts';
import { type Act, isUndoable } from './acts.ts';
import { type Told, tellOnce, wordsOf } from './notice.ts';
import { missing, screenOf, show } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

export function acts(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const named = (c: Ctx): Act | null => site.acts.get(c.var.account.id, c.req.param('id') ?? '');

  app.get('/acts/:id', async c => {
    const act = named(c);
    if (!act) return missing(site, c);
    const s = await screenOf(site, c);
    const page = pageOf(s, act);
    return show(c, s, page.title, { view: 'page', content: actPage(s, page) });
  });

  app.post('/acts/:id/stop', async c => {
    const act = named(c);
    if (!act) return missing(site, c);
    site.acts.stop(act);
    await act.ended;
    return c.redirect(`/acts/${act.id}`, 303);
  });

  app.post('/acts/:id/undo', async c => {
    const act = named(c);
    const undone = act && site.acts.undo(act);
    if (act && !undone) tellOnce(site, c, { key: 'done.noundo' });
    if (!undone) return act ? c.redirect(act.back, 303) : missing(site, c);
    return afterAct(site, c, undone);
  });
  return app;
}

/** Quick ones are told of on the list they came from; others have a page. */
const quickMs = 400;

export async function afterAct(site: Site, c: Ctx, act: Act): Promise<Response> {
  await Promise.race([act.ended, new Promise(resolve => setTimeout(resolve, quickMs))]);
  if (act.state !== 'done') return c.redirect(`/acts/${act.id}`, 303);
  tellOnce(site, c, {
    ...doneOf(act),
    n: countOf(act),
    act: isUndoable(act) ? act.id : undefined,
  });
  return c.redirect(act.back, 303);
}

/** How many it was about. */
const countOf = ({ deed, total }: Act): number => (deed.kind === 'rule' ? deed.matched : total);

function doneOf({ deed, total }: Act): Told {
  switch (deed.kind) {
    case 'move':
      return { key: 'done.moved', folder: deed.to };
    case 'flags':
      return { key: 'done.marked' };
    case 'remove':
      return { key: 'done.purged' };
    case 'label':
      return { key: deed.on ? 'done.labelled' : 'done.unlabelled', label: deed.label };
    case 'snooze':
      return { key: 'done.snoozed', at: deed.until };
    case 'restore':
      return { key: total > 0 ? 'done.restored' : 'done.nothing' };
    case 'rule':
      return { key: 'done.applied' };
  }
}

function pageOf(s: Screen, act: Act): ActPage {
  const { id, done, total, state, back } = act;
  return { id, title: titleOf(s, act), done, total, state, back, canUndo: isUndoable(act) };
}

function titleOf(s: Screen, act: Act): string {
  const { deed, total: n } = act;
  if (act.state === 'done') return wordsOf({ ...doneOf(act), n: countOf(act) }, s);
  const goal = deed.kind === 'move' ? s.folders.find(f => f.id === deed.to) : undefined;
  const label = deed.kind === 'label' ? (s.labels.find(l => l.id === deed.label)?.name ?? '') : '';
  const kind = deed.kind === 'label' && !deed.on ? 'unlabel' : deed.kind;
  return s.w.t(`acts.${kind}`, { n, folder: goal ? folderName(s.w, goal) : '', label });
}
