/** Signing in and out. Whether a password is right, and how often one may try, the daemon decides. */
import { Hono } from 'hono';
import { because } from '../daemon/log.ts';
import type { Account } from '../daemon/store.ts';
import { type LoginForm, loginPage } from '../views/login.ts';
import { type CodeForm, codePage } from '../views/login-code.ts';
import { isLanguage } from '../views/words.ts';
import { dropCookie, readCookie, writeCookie } from './cookie.ts';
import { readForm } from './form.ts';
import { privateOnly } from './guard.ts';
import { keepLanguage } from './language.ts';
import { tellOnce } from './notice.ts';
import { resume, type Typed, typedIn } from './resume.ts';
import { endSession, ownPath, recognise, signIn, signInByPassword } from './session.ts';
import { askDaemon, type Ctx, doorOf, type Env, type Site } from './site.ts';
import { trustBrowser, trustedIn } from './trusted.ts';
import { readUploads } from './upload.ts';

/** As long as the daemon takes a ticket. */
const halfLastsSeconds = 600;

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

  app.use('/login/*', privateOnly(site));
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
      trusted: trustedIn(site, c),
    });
    switch (verdict.kind) {
      case 'known':
        if (!(await signInByPassword(site, c, verdict.account.id)))
          return page(c, { ...again, error: w.t('login.code.expired') }, 422);
        return goOn(c, verdict.account, { next, typed });
      case 'code':
        writeCookie(site, c, 'half', verdict.ticket, halfLastsSeconds);
        if (typed) return askForCode(c, { next, typed });
        return c.redirect(`/login/code?next=${encodeURIComponent(next)}`, 303);
      case 'refused':
        return page(c, { ...again, error: w.t('login.refused') }, 422);
      case 'throttled':
        c.header('Retry-After', String(verdict.seconds));
        return page(c, { ...again, error: w.t('login.throttled', { n: verdict.seconds }) }, 429);
      case 'unavailable':
        return page(c, { ...again, error: w.t('login.unavailable') }, 503);
    }
  });

  app.get('/login/code', c => {
    const recovery = c.req.query('recovery') !== undefined;
    const next = ownPath(c.req.query('next'), '/mail/inbox');
    return readCookie(site, c, 'half') ? askForCode(c, { next, recovery }) : c.redirect('/login', 303);
  });

  app.post('/login/code', async c => {
    const form = await readUploads(c, site.store, 0);
    const typed = typedIn(form);
    const next = ownPath(form.get('next'), '/mail/inbox');
    const code = form.get('code');
    const again = { next, typed, recovery: /\p{L}/u.test(code) };
    const w = c.var.words;
    const ticket = readCookie(site, c, 'half') ?? '';
    const verdict = await askDaemon(site, 'auth.finish', { ticket, code, peer: c.var.peer });
    switch (verdict.kind) {
      case 'known': {
        dropCookie(site, c, 'half');
        const { account, recoveryLeft } = verdict;
        const session = await signIn(site, c, account.id);
        if (form.has('trust')) await trustBrowser(site, c, account.id, session);
        if (recoveryLeft !== null) tellOnce(site, c, { key: 'done.recovery', n: recoveryLeft });
        return goOn(c, account, { next, typed });
      }
      case 'expired':
        dropCookie(site, c, 'half');
        return page(c, { next, typed, error: w.t('login.code.expired') }, 422);
      case 'refused':
        return askForCode(c, { ...again, error: w.t('factor.code.wrong') }, 422);
      case 'used':
        return askForCode(c, { ...again, error: w.t('factor.code.used') }, 422);
      case 'throttled':
        c.header('Retry-After', String(verdict.seconds));
        return askForCode(
          c,
          { ...again, error: w.t('login.code.throttled', { time: w.stamp(site.now() + verdict.seconds * 1000) }) },
          429,
        );
      case 'unavailable':
        return askForCode(c, { ...again, error: w.t('login.unavailable') }, 503);
    }
  });

  const askForCode = (c: Ctx, form: Partial<CodeForm>, status: 200 | 422 | 429 | 503 = 200) =>
    c.html(
      codePage(doorOf(site, c), { next: '/mail/inbox', error: '', typed: null, recovery: false, ...form }),
      status,
    );

  const goOn = (c: Ctx, account: Account, { next, typed }: { next: string; typed: Typed | null }) => {
    if (site.settings.webmail_for) callForMail(site, account.address);
    // To anybody else it is not given.
    return typed?.fields.writer === account.address ? resume(site, c, typed) : c.redirect(next, 303);
  };

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
