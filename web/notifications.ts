/** Which devices are told of new mail, and how much: a device asks by its script, and is taken back by a plain form. */
import { Hono } from 'hono';
import { encryptPush } from '../daemon/wire/web-push.ts';
import { notificationsPage } from '../views/notifications.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import type { Pusher } from './pusher.ts';
import type { Env, Site } from './site.ts';

const longestEndpoint = 1000;

export function notifications(site: Site, pusher: Pusher): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/notifications', async c => {
    const s = await screenOf(site, c);
    const devices = await site.store.pushSubscriptions.list(c.var.account.id, site.now());
    const content = notificationsPage(s, { devices, here: c.var.session.id, key: site.vapid.publicKey });
    return show(c, s, s.w.t('push.title'), { view: 'page', content });
  });

  app.post('/settings/notifications', async c => {
    const form = await readForm(c);
    const [endpoint, p256dh, auth] = [form.get('endpoint'), form.get('p256dh'), form.get('auth')];
    if (!mayBeService(endpoint) || encryptPush('', { p256dh, auth }) === null) return c.body(null, 422);
    await site.store.pushSubscriptions.save({
      accountId: c.var.account.id,
      sessionId: c.var.session.id,
      endpoint,
      p256dh,
      auth,
      shows: form.get('shows') === 'sender' ? 'sender' : 'arrival',
      language: c.var.words.language,
      at: site.now(),
    });
    await pusher.refresh();
    tellOnce(site, c, { key: 'done.push.on' });
    return c.redirect('/settings/notifications', 303);
  });

  app.post('/settings/notifications/:id/removal', async c => {
    const id = idOf(c.req.param('id'));
    if (id === null || !(await site.store.pushSubscriptions.remove(c.var.account.id, id))) return missing(site, c);
    await pusher.refresh();
    tellOnce(site, c, { key: 'done.push.off' });
    return c.redirect('/settings/notifications', 303);
  });
  return app;
}

/** Whether it may be dialled is found out when it is; what can never be one is refused here. */
function mayBeService(endpoint: string): boolean {
  if (endpoint.length > longestEndpoint) return false;
  const url = URL.parse(endpoint);
  return url?.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
}
