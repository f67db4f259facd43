/** Sending all mail on: said in words before it begins, and refused where it would come back. */
import { Hono } from 'hono';
import { addressKey, formatAddress, parseAddress } from '../daemon/mail/address.ts';
import { type ForwardingForm, forwardingPage } from '../views/incoming.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { screenOf, show } from './page.ts';
import { refusal } from './rules.ts';
import type { Ctx, Env, Site } from './site.ts';

/** As many as the chain follows. */
const mostAddresses = 20;
const mostOctets = 1_000;

export function forwarding(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/forwarding', c => {
    const { forwards, keepsCopy } = c.var.account;
    return page(c, { to: forwards.join('\n'), keep: forwards.length === 0 || keepsCopy, error: '', sure: null });
  });

  app.post('/settings/forwarding', async c => {
    const form = await readForm(c);
    const typed = form
      .get('to')
      .split(/[\s,;]+/)
      .filter(one => one !== '');
    const shown = { to: typed.join('\n'), keep: form.get('keep') === '1', sure: null };
    const error = await wrongIn(c, typed);
    if (error !== null) return page(c, { ...shown, error });
    const to = [...new Set(typed.map(one => addressKey(formatAddress(parseAddress(one)!))))];
    if (form.get('sure') !== '1') return page(c, { ...shown, error: '', sure: form.has('sure') ? null : to });
    await site.store.accounts.set(c.var.account.id, { forwards: to, keepsCopy: shown.keep });
    site.log.info('web.forwarding', { account: c.var.account.address, to, keeps: shown.keep });
    tellOnce(site, c, { key: 'done.forwarding.on', values: { to: c.var.words.list(to).slice(0, 300) } });
    return c.redirect('/settings/forwarding', 303);
  });

  app.post('/settings/forwarding/removal', async c => {
    await site.store.accounts.set(c.var.account.id, { forwards: [], keepsCopy: false });
    site.log.info('web.forwarding', { account: c.var.account.address, to: [] });
    tellOnce(site, c, { key: 'done.forwarding.off' });
    return c.redirect('/settings/forwarding', 303);
  });

  const wrongIn = async (c: Ctx, typed: string[]): Promise<string | null> => {
    const { t } = c.var.words;
    if (typed.length === 0) return t('forwarding.error.none');
    if (typed.length > mostAddresses || Buffer.byteLength(typed.join('\n')) > mostOctets)
      return t('forwarding.error.many', { n: mostAddresses });
    for (const one of typed) {
      const why = await refusal(site, c, one);
      if (why !== null) return why;
    }
    return null;
  };

  const page = async (c: Ctx, form: ForwardingForm) => {
    const s = await screenOf(site, c);
    const content = forwardingPage(s, form);
    return show(c, s, s.w.t('forwarding.title'), { view: 'page', content }, form.error ? 422 : 200);
  };
  return app;
}
