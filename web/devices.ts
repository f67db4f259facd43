/** Where one is signed in: each device can be signed out from here, by whoever is signed in on another. */
import { Hono } from 'hono';
import { devicesPage } from '../views/devices.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { idOf, screenOf, show } from './page.ts';
import { touchEvery } from './session.ts';
import type { Env, Site } from './site.ts';

export function devices(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/devices', async c => {
    const { account, session } = c.var;
    const sessions = await site.store.sessions.list(account.id, site.now());
    const signIns = await site.store.signIns.list(account.id);
    const trusted = await site.store.trustedBrowsers.list(account.id, site.now());
    const s = await screenOf(site, c);
    const content = devicesPage(s, {
      sessions,
      current: session.id,
      recent: site.now() - touchEvery,
      signIns,
      trusted,
    });
    return show(c, s, s.w.t('devices.title'), { view: 'page', content });
  });

  app.post('/settings/devices/removals', async c => {
    const { account, session } = c.var;
    const form = await readForm(c);
    const one = idOf(form.get('session'));
    if (form.has('others')) await site.store.sessions.endOthers(account.id, session.id);
    else if (one !== null) await site.store.sessions.end(account.id, one);
    tellOnce(site, c, { key: form.has('others') ? 'done.devices' : 'done.device' });
    return c.redirect('/settings/devices', 303);
  });

  app.post('/settings/devices/trust/removal', async c => {
    await site.store.trustedBrowsers.forgetAll(c.var.account.id);
    tellOnce(site, c, { key: 'done.trust' });
    return c.redirect('/settings/devices', 303);
  });
  return app;
}
