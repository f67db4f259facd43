/** Passwords for single mail programs: made, listed and revoked here; the daemon makes them, and lets in by them. */
import { Hono } from 'hono';
import { type AppPasswordForm, appPasswordsPage, madePage } from '../views/app-passwords.ts';
import { mailDoors } from './account.ts';
import { keyIn, readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { askDaemon, type Ctx, type Env, type Site } from './site.ts';
import { whyNot } from './why-not.ts';

const home = '/settings/app-passwords';

export function appPasswords(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const store = site.store.appPasswords;

  // Mail programs sign in at the provider, with what that has.
  app.use(`${home}/*`, (c, next) => (site.settings.webmail_for ? missing(site, c) : next()));
  app.get(home, c => page(c, {}));

  app.post(home, async c => {
    const form = await readForm(c);
    const name = form.get('name').trim();
    const key = keyIn(form) || site.random(12);
    const error = problemOf(name);
    if (error) return page(c, { name, key, errors: { name: c.var.words.t(error) } });
    const answer = await askDaemon(site, 'auth.appPassword', {
      ...{ accountId: c.var.account.id, name, key, password: form.get('password'), peer: c.var.peer },
    });
    if (!answer.ok) return page(c, { name, key, errors: { [answer.field]: whyNot(c.var.words, answer) } });
    const s = await screenOf(site, c);
    const content = madePage(s, { name, secret: answer.secret, doors: mailDoors(site, c) });
    return show(c, s, s.w.t('apps.title'), { view: 'page', content });
  });

  app.post(`${home}/:id/removal`, async c => {
    const id = idOf(c.req.param('id'));
    const name = id === null ? null : await store.revoke(c.var.account.id, id, site.now());
    if (id === null || name === null) return missing(site, c);
    tellOnce(site, c, { key: 'done.app.revoked', values: { name }, undo: { appPassword: id } });
    return c.redirect(home, 303);
  });

  app.post(`${home}/:id/restoration`, async c => {
    const id = idOf(c.req.param('id'));
    const restored = id === null ? null : await store.restore(c.var.account.id, id, site.now());
    if (restored === null) return missing(site, c);
    tellOnce(site, c, { key: restored ? 'done.app.restored' : 'done.noundo' });
    return c.redirect(home, 303);
  });

  const page = async (c: Ctx, form: Partial<AppPasswordForm>) => {
    const { id } = c.var.account;
    const all = await store.list(id);
    const needed = (await site.store.secondFactors.get(id)) !== null;
    const s = await screenOf(site, c);
    const content = appPasswordsPage(s, all, needed, { name: '', key: site.random(12), errors: {}, ...form });
    return show(c, s, s.w.t('apps.title'), { view: 'page', content }, form.errors ? 422 : 200);
  };
  return app;
}

function problemOf(name: string) {
  if (name === '') return 'apps.name.missing';
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'signup.name_characters';
  return [...name].length > 100 ? 'account.name.long' : null;
}
