/** Two-step sign-in: switched on and off here; keys are made and codes are judged in the daemon. */
import { Hono } from 'hono';
import type { Offer } from '../daemon/tell.ts';
import { type FactorForm, offPage, onPage, recoveryPage, setupPage } from '../views/second-factor.ts';
import type { Html } from '../views/words.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { screenOf, show } from './page.ts';
import { askDaemon, type Ctx, type Env, type Site } from './site.ts';
import { whyNot } from './why-not.ts';

const home = '/settings/second-factor';

export function secondFactor(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.get(home, c => page(c, { of: null, errors: {} }));
  // What these answered is shown once; who comes back to the address is where it begins.
  app.get(`${home}/offers`, c => c.redirect(home, 303));
  app.get(`${home}/recovery`, c => c.redirect(home, 303));

  app.post(`${home}/offers`, async c => {
    const { accountId, peer } = callerOf(c);
    const answer = await askDaemon(site, 'auth.offer', {
      ...{ accountId, peer, password: (await readForm(c)).get('password') },
    });
    if (!answer.ok) return page(c, { of: 'begin', errors: { [answer.field]: whyNot(c.var.words, answer) } });
    return setup(c, answer.offer, '');
  });

  app.post(home, async c => {
    const form = await readForm(c);
    const { accountId } = callerOf(c);
    const wish = { accountId, token: form.get('token'), code: form.get('code') };
    const answer = await askDaemon(site, 'auth.factorOn', wish);
    if (!answer.ok && answer.offer) return setup(c, answer.offer, whyNot(c.var.words, answer));
    if (!answer.ok) return page(c, { of: 'begin', errors: { form: whyNot(c.var.words, answer) } });
    // Whoever signed in by the password alone does so again.
    await site.store.sessions.endOthers(accountId, c.var.session.id);
    return shown(c, s => recoveryPage(s, answer.recovery, true, site.now()));
  });

  app.post(`${home}/recovery`, async c => {
    const answer = await askDaemon(site, 'auth.recovery', await provenBy(c));
    if (!answer.ok) return page(c, { of: 'renew', errors: { [answer.field]: whyNot(c.var.words, answer) } });
    return shown(c, s => recoveryPage(s, answer.recovery, false, site.now()));
  });

  app.post(`${home}/removal`, async c => {
    const answer = await askDaemon(site, 'auth.factorOff', await provenBy(c));
    if (!answer.ok) return page(c, { of: 'off', errors: { [answer.field]: whyNot(c.var.words, answer) } });
    tellOnce(site, c, { key: 'done.factor.off' });
    return c.redirect(home, 303);
  });

  const setup = (c: Ctx, offer: Offer, error: string) =>
    shown(c, s => setupPage(s, { ...offer, error }), error === '' ? 200 : 422);

  const shown = async (c: Ctx, content: (s: Awaited<ReturnType<typeof screenOf>>) => Html, status: 200 | 422 = 200) => {
    const s = await screenOf(site, c);
    return show(c, s, s.w.t('factor.title'), { view: 'page', content: content(s) }, status);
  };

  const page = async (c: Ctx, form: FactorForm) => {
    const factor = await site.store.secondFactors.get(c.var.account.id);
    const elsewhere = site.settings.webmail_for !== null;
    return shown(
      c,
      s => (factor ? onPage(s, factor, elsewhere, form) : offPage(s, elsewhere, form)),
      form.of ? 422 : 200,
    );
  };
  return app;
}

const callerOf = (c: Ctx) => ({ accountId: c.var.account.id, peer: c.var.peer });

async function provenBy(c: Ctx) {
  const form = await readForm(c);
  return { ...callerOf(c), password: form.get('password'), code: form.get('code') };
}
