/** How the pages of an account speak and look. */
import { Hono } from 'hono';
import { appearancePage, contrasts, densities, schemes, scripts } from '../views/appearance.ts';
import { isLanguage, isZone } from '../views/words.ts';
import { type Form, readForm } from './form.ts';
import { keepLanguage } from './language.ts';
import { tellOnce } from './notice.ts';
import { screenOf, show } from './page.ts';
import type { Env, Site } from './site.ts';

export function appearance(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/appearance', async c => {
    const s = await screenOf(site, c);
    return show(c, s, s.w.t('appearance.title'), { view: 'page', content: appearancePage(s) });
  });

  app.post('/settings/appearance', async c => {
    const wanted = wantedOf(await readForm(c));
    await site.store.accounts.set(c.var.account.id, wanted);
    // The page one signs in on speaks it too.
    if (isLanguage(wanted.language)) keepLanguage(site, c, wanted.language);
    tellOnce(site, c, { key: 'done.appearance' });
    return c.redirect('/settings/appearance', 303);
  });
  return app;
}

/** What is none of the choices was not made by the form; it becomes the first. */
function wantedOf(form: Form) {
  const among = <T extends string>(choices: readonly T[], wanted: string): T =>
    choices.find(one => one === wanted) ?? choices[0]!;
  const [language, zone] = [form.get('language'), form.get('zone')];
  return {
    language: isLanguage(language) ? language : '',
    zone: isZone(zone) ? zone : '',
    scheme: among(schemes, form.get('scheme')),
    contrast: among(contrasts, form.get('contrast')),
    density: among(densities, form.get('density')),
    scripts: among(scripts, form.get('scripts')),
  };
}
