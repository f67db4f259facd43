/** Whether mail, POP3 and web serve: for supervisors, balancers and scripts. Says nothing about anybody's mail. */
import { Hono } from 'hono';
import { because } from '../daemon/log.ts';
import type { Env, Site } from './site.ts';

export function health(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/health', async c => {
    try {
      const daemon = await site.tell.ask('daemon', 'health', {});
      await site.store.accounts.byId(0);
      const parts = typeof daemon === 'object' && daemon !== null ? daemon : {};
      return c.json({ status: 'ok', web: true, ...parts });
    } catch (error) {
      site.log.warn('health.failed', because(error));
      return c.json({ status: 'failing', web: true }, 503);
    }
  });
  return app;
}
