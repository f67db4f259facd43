/** What a reader decided about senders: images shown, text before HTML. Made on the message, listed and taken back here. */
import { Hono } from 'hono';
import { parseAddressList } from '../daemon/mail/address.ts';
import type { ChoiceKind, Message } from '../daemon/store.ts';
import { sendersPage } from '../views/senders.ts';
import { createBodies } from './bodies.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { messageById, missing, screenOf, show } from './page.ts';
import { ownPath } from './session.ts';
import type { Env, Site } from './site.ts';
import { createTrust } from './trust.ts';
import { senderKey } from './version.ts';

const kinds: ChoiceKind[] = ['images', 'version', 'welcome'];

export function senders(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);
  const trust = createTrust(site);

  app.post('/messages/:id/images', async c => {
    const form = await readForm(c);
    const m = await messageById(site, c, c.req.param('id'));
    const key = m ? senderKey(m) : '';
    if (!m || key === '') return missing(site, c);
    const back = ownPath(form.get('back'), '/mail/inbox');
    if (form.get('always') === 'off') await site.store.choices.remove(m.accountId, 'images', key);
    else {
      const kind = await checkedNow(m);
      if (kind === 'failed') return missing(site, c);
      const value = kind === 'checked' ? 'checked' : 'named';
      await site.store.choices.set(m.accountId, { kind: 'images', key, value, at: site.now() });
      tellOnce(site, c, { key: 'done.images', values: { sender: m.fromAddress } });
    }
    return c.redirect(back, 303);
  });

  app.post('/messages/:id/version', async c => {
    const form = await readForm(c);
    const m = await messageById(site, c, c.req.param('id'));
    if (!m) return missing(site, c);
    const key = senderKey(m);
    const back = ownPath(form.get('back'), '/mail/inbox');
    const asText = form.get('as') === 'text';
    // Nobody to remember it by: then it holds for this look.
    if (key === '') return c.redirect(asText ? `${back}${back.includes('?') ? '&' : '?'}as=text` : back, 303);
    if (asText) await site.store.choices.set(m.accountId, { kind: 'version', key, value: 'text', at: site.now() });
    else await site.store.choices.remove(m.accountId, 'version', key);
    return c.redirect(back, 303);
  });

  app.get('/settings/senders', async c => {
    const s = await screenOf(site, c);
    const choices = await site.store.choices.list(c.var.account.id, kinds);
    return show(c, s, s.w.t('senders.title'), { view: 'page', content: sendersPage(s, choices) });
  });

  app.post('/settings/senders/removals', async c => {
    const form = await readForm(c);
    const kind = kinds.find(k => k === form.get('kind'));
    if (!kind || !(await site.store.choices.remove(c.var.account.id, kind, form.get('key')))) return missing(site, c);
    tellOnce(site, c, { key: 'done.choice.removed', values: { sender: form.get('key').slice(0, 320) } });
    return c.redirect('/settings/senders', 303);
  });

  const checkedNow = async (m: Message) => {
    const content = await bodies.content(m);
    const header = content && (await bodies.header(content));
    const from = header ? parseAddressList(header.get('from') ?? '')[0] : undefined;
    return header && from ? (await trust.authenticityOf(m, header, from.address)).kind : 'unknown';
  };
  return app;
}
