/** Signing in and out. Whether a password is right, and how often one may try, the daemon decides. */
import { Hono } from 'hono';
import { because } from '../daemon/log.ts';
import { type LoginForm, loginPage } from '../views/login.ts';
import { isLanguage } from '../views/words.ts';
import { readCookie } from './cookie.ts';
import { readForm } from './form.ts';
import { privateOnly } from './guard.ts';
import { keepLanguage } from './language.ts';
import { resume, typedIn } from './resume.ts';
import { endSession, ownPath, recognise, signIn } from './session.ts';
import { askDaemon, type Ctx, doorOf, type Env, type Site } from './site.ts';
import { readUploads } from './upload.ts';

export function login(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const page = (c: Ctx, form: Partial<LoginForm>, status: 200 | 422 | 429 | 503 = 200) =>
    c.html(
      loginPage(doorOf(site, c), {
        username: '',
        next: '/mail/inbox',
        error: '',
        notice: '',
        signup: site.settings.signup === 'open' && !form.typed,
        typed: null,
        ...form,
      }),
      status,
    );

  app.get('/', async c => {
    if (await recognise(site, c)) return c.redirect('/mail/inbox', 303);
    // Who was here before wants to sign in; a newcomer has nothing to sign in with.
    const known = readCookie(site, c, 'known') !== null || site.settings.signup !== 'open';
    return c.redirect(known ? '/login' : '/signup', 303);
  });

  app.use('/login', privateOnly(site));
  app.get('/login', c => {
    const out = c.req.query('out') === undefined ? '' : c.var.words.t('login.out');
    return page(c, { next: ownPath(c.req.query('next'), '/mail/inbox'), notice: out });
  });

  app.post('/login', async c => {
    const form = await readUploads(c, site.store, 0);
    const typed = typedIn(form);
    const username = form.get('username').trim();
    const password = form.get('password');
    const next = ownPath(form.get('next'), '/mail/inbox');
    const w = c.var.words;
    const again = { username, next, typed };
    if (username === '' || password === '') return page(c, { ...again, error: w.t('login.missing') }, 422);
    const verdict = await askDaemon(site, 'auth.check', {
      address: username,
      password,
      peer: c.var.peer,
      protocol: 'web',
    });
    switch (verdict.kind) {
      case 'known':
        await signIn(site, c, verdict.account.id);
        if (site.settings.webmail_for) callForMail(site, verdict.account.address);
        // To anybody else it is not given.
        if (typed?.fields.writer === verdict.account.address) return resume(site, c, typed);
        return c.redirect(next, 303);
      case 'refused':
        return page(c, { ...again, error: w.t('login.refused') }, 422);
      case 'throttled':
        c.header('Retry-After', String(verdict.seconds));
        return page(c, { ...again, error: w.t('login.throttled', { n: verdict.seconds }) }, 429);
      case 'unavailable':
        return page(c, { ...again, error: w.t('login.unavailable') }, 503);
    }
  });

  // The language of the pages before one is signed in, and on this device.
  app.post('/language', async c => {
    const form = await readForm(c);
    const wanted = form.get('language');
    if (isLanguage(wanted)) keepLanguage(site, c, wanted);
    return c.redirect(ownPath(form.get('back'), '/login'), 303);
  });

  app.post('/logout', async c => {
    await endSession(site, c);
    return c.redirect('/login?out', 303);
  });
  return app;
}

/** At the provider; it comes while the first page is looked at. */
function callForMail(site: Site, address: string): void {
  site.tell
    .ask('fetcher', 'fetch.signedIn', { address })
    .catch(error => site.log.warn('not called for', because(error)));
}
