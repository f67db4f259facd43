/** The answer of somebody who is away: its text and its days, in the reader's own zone. The daemon sends it. */
import { Hono } from 'hono';
import { longestEveryDays, type Vacation } from '../daemon/store.ts';
import { type AwayFields, type AwayForm, awayPage } from '../views/incoming.ts';
import type { Words } from '../views/words.ts';
import { type Form, readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { screenOf, show } from './page.ts';
import { ownPath } from './session.ts';
import type { Ctx, Env, Site } from './site.ts';

const longestText = 5_000;

export function away(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/away', async c => page(c, shown(await site.store.vacations.get(c.var.account.id)), null));

  app.post('/settings/away', async c => {
    const fields = typed(await readForm(c));
    const errors = wrongIn(fields, c.var.words, site.now());
    if (Object.keys(errors).length > 0) return page(c, fields, errors);
    await site.store.vacations.save(c.var.account.id, vacationOf(fields, c.var.words, c.var.account.zone));
    tellOnce(site, c, { key: fields.active ? 'done.away.on' : 'done.away.off' });
    return c.redirect('/settings/away', 303);
  });

  app.post('/settings/away/end', async c => {
    const back = ownPath((await readForm(c)).get('back'), '/settings/away');
    await site.store.vacations.end(c.var.account.id);
    tellOnce(site, c, { key: 'done.away.off' });
    return c.redirect(back, 303);
  });

  const page = async (c: Ctx, fields: AwayFields, errors: AwayForm['errors'] | null) => {
    const s = await screenOf(site, c);
    const fetched = site.settings.webmail_for !== null;
    const content = awayPage(s, { fields, errors: errors ?? {}, now: s.away !== null, fetched });
    return show(c, s, s.w.t('away.title'), { view: 'page', content }, errors ? 422 : 200);
  };
  return app;
}

const shown = (v: Vacation | null): AwayFields => ({
  ...{ active: v?.active ?? false, firstDay: v?.firstDay ?? '', lastDay: v?.lastDay ?? '', subject: v?.subject ?? '' },
  ...{ text: v?.text ?? '', ownText: v?.ownText ?? '', everyDays: `${v?.everyDays ?? 7}` },
});

function typed(form: Form): AwayFields {
  const text = (name: string) =>
    form
      .get(name)
      .replace(/[^\P{Cc}\n\t]/gu, '')
      .trimEnd();
  return {
    active: form.get('active') === '1',
    ...{ firstDay: form.get('firstDay').trim(), lastDay: form.get('lastDay').trim() },
    ...{ subject: form.get('subject').trim(), text: text('text'), ownText: text('ownText') },
    everyDays: form.get('everyDays').trim() || '7',
  };
}

/** When a day begins for the reader, or the one `later` days behind it; null: it is no day. */
function startOf(day: string, later: number, w: Words): number | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)?.map(Number) ?? [];
  if (!year || !month || !date || month > 12 || date > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null;
  return w.startOfDay(year, month, date + later);
}

function wrongIn(f: AwayFields, w: Words, now: number): AwayForm['errors'] {
  const { t } = w;
  const errors: AwayForm['errors'] = {};
  const [from, until] = [startOf(f.firstDay, 0, w), startOf(f.lastDay, 1, w)];
  if (f.firstDay !== '' && from === null) errors.firstDay = t('away.error.day');
  if (f.lastDay !== '' && until === null) errors.lastDay = t('away.error.day');
  if (from !== null && until !== null && until <= from) errors.lastDay = t('away.error.order');
  else if (f.active && until !== null && until <= now) errors.lastDay = t('away.error.past');
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(f.subject) || [...f.subject].length > 200) errors.subject = t('away.error.subject');
  if (f.active && f.text === '') errors.text = t('away.error.text');
  if ([...f.text].length > longestText) errors.text = t('away.error.long', { n: longestText });
  if ([...f.ownText].length > longestText) errors.ownText = t('away.error.long', { n: longestText });
  const days = Number(f.everyDays);
  if (!/^\d{1,2}$/.test(f.everyDays) || days < 1 || days > longestEveryDays)
    errors.everyDays = t('away.error.every', { n: longestEveryDays });
  return errors;
}

function vacationOf({ everyDays, ...rest }: AwayFields, w: Words, zone: string): Vacation {
  const { firstDay, lastDay } = rest;
  return { ...rest, zone, everyDays: Number(everyDays), from: startOf(firstDay, 0, w), until: startOf(lastDay, 1, w) };
}
