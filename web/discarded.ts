/** A draft that was thrown away comes back, as long as it is kept. */
import { Hono } from 'hono';
import { tellOnce } from './notice.ts';
import { idOf, missing } from './page.ts';
import type { Env, Site } from './site.ts';

export function discarded(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.post('/drafts/:id/restoration', async c => {
    const { account, words } = c.var;
    const id = idOf(c.req.param('id'));
    const done = id === null ? 'gone' : await site.store.drafts.restore(account.id, id);
    // Pressed twice it is there already.
    if (done === 'gone' && (id === null || !(await site.store.drafts.get(account.id, id)))) return missing(site, c);
    if (done !== 'no-room') return c.redirect(`/drafts/${id}`, 303);
    const values = { used: words.size(account.used), quota: words.size(account.quota) };
    tellOnce(site, c, { key: 'compose.error.full', values });
    return c.redirect('/mail/drafts', 303);
  });
  return app;
}
