/** Which key does what for an account, and whether keys do anything. */
import { Hono } from 'hono';
import {
  choiceOf,
  conflicts,
  type Keys,
  type KeysForm,
  keyHelp,
  keyIn,
  keysAreOff,
  keysOf,
  keysPage,
  shortcutName,
  shortcuts,
} from '../views/keys.ts';
import type { Words } from '../views/words.ts';
import { type Form, readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { screenOf, show } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

export function keys(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/keys', c => {
    const { account } = c.var;
    return page(c, { keys: keysOf(account), off: keysAreOff(account), errors: {} });
  });

  app.get('/settings/keys/help', c => {
    c.header('Cache-Control', 'no-store');
    return c.html(keyHelp(c.var.words, c.var.account));
  });

  app.post('/settings/keys', async c => {
    const form = await readForm(c);
    const wanted = form.has('again')
      ? { keys: keysOf({ shortcuts: '' }), off: false, errors: {} }
      : typed(form, c.var.words);
    if (Object.keys(wanted.errors).length > 0) return page(c, wanted);
    await site.store.accounts.set(c.var.account.id, { shortcuts: choiceOf(wanted.keys, wanted.off) });
    tellOnce(site, c, { key: 'done.keys' });
    return c.redirect('/settings/keys', 303);
  });

  const page = async (c: Ctx, form: KeysForm) => {
    const s = await screenOf(site, c);
    const failed = Object.keys(form.errors).length > 0;
    return show(c, s, s.w.t('keys.title'), { view: 'page', content: keysPage(s, form) }, failed ? 422 : 200);
  };
  return app;
}

/** All that is wrong at once; what was typed stays as it was. */
function typed(form: Form, w: Words): KeysForm {
  const errors: KeysForm['errors'] = {};
  const read = shortcuts.map(one => {
    const key = keyIn(form.get(one));
    if (key === null) errors[one] = w.t('keys.error.sign');
    return [one, key ?? form.get(one).slice(0, 20)];
  });
  const keys = Object.fromEntries(read) as Keys;
  for (const [one, other] of conflicts(keys))
    errors[one] ??= w.t('keys.error.taken', { other: shortcutName(w, other) });
  return { keys, off: !form.has('on'), errors };
}
