/** The choice for how long one may undo after sending. */
import { Hono } from 'hono';
import { undoChoices } from '../views/sending.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import type { Env, Site } from './site.ts';

export function sending(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.post('/settings/sending', async c => {
    const chosen = (await readForm(c)).get('undo');
    const undoSend = undoChoices.find(n => String(n) === chosen) ?? null;
    await site.store.accounts.set(c.var.account.id, { undoSend });
    tellOnce(site, c, { key: 'done.undo' });
    return c.redirect('/settings', 303);
  });
  return app;
}
