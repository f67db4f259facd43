/** What is put off until a time, and reminders of letters nobody answered. */
import { Hono } from 'hono';
import { remindersPage } from '../views/reminders.ts';
import { chooserPage } from './chooser.ts';
import { type Form, readForm } from './form.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { daysOf } from './reminder-days.ts';
import { back, backOf, chosen, many, mostInCookie, tellAll } from './selection.ts';
import type { Ctx, Env, Site } from './site.ts';
import { chosenTime, snoozeForm } from './snooze-times.ts';

const dayMs = 86_400_000;

export function snoozes(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.on('POST', ['/messages/snoozes', '/messages/:id/snoozes'], async c => {
    const form = await readForm(c);
    const time = chosenTime(c.var.words, form, site.now());
    if ('wrong' in time) {
      const error = c.var.words.t(`snooze.${time.wrong}`);
      const asked = snoozeForm(c.var.words, site.now(), form, error);
      return chooserPage(site, c, form, 'snooze', { text: '', error: '' }, asked);
    }
    const ids = await chosen(site, c, form);
    if (ids === null) return missing(site, c);
    if (ids.length === 0) return back(site, c, form, { key: 'done.nothing' });
    return snoozed(c, form, ids, time.at);
  });

  const snoozed = async (c: Ctx, form: Form, ids: number[], until: number): Promise<Response> => {
    const { id } = c.var.account;
    const places = ids.length > mostInCookie ? [] : [...(await site.store.messages.places(id, ids)).keys()];
    const [from] = places;
    const before = await site.store.snoozes.untils(id, ids.slice(0, mostInCookie));
    // From several places, or with times to go back to, the way back is kept by the act.
    if (from === undefined || places.length > 1 || before.size > 0)
      return many(site, c, form, { kind: 'snooze', until }, ids);
    tellAll(site, await site.store.snoozes.snooze(id, ids, until, site.now()));
    return back(site, c, form, { key: 'done.snoozed', n: ids.length, at: until, undo: { ids, to: from } });
  };

  app.get('/reminders', async c => {
    const s = await screenOf(site, c);
    const content = remindersPage(s, await site.store.snoozes.reminders(c.var.account.id));
    return show(c, s, s.w.t('reminders.title'), { view: 'page', content });
  });

  /** `days` from now; none takes the reminder back. */
  app.post('/messages/:id/reminders', async c => {
    const form = await readForm(c);
    const id = idOf(c.req.param('id'));
    const found = id === null ? null : await site.store.messages.get(c.var.account.id, id);
    if (!found) return missing(site, c);
    const days = daysOf(form.get('days'));
    const told = days === 0 ? await forget(c, found.id) : await remind(c, found.id, days);
    if (told === null) return missing(site, c);
    tellOnce(site, c, told);
    return c.redirect(backOf(form), 303);
  });

  const forget = async (c: Ctx, id: number): Promise<Told | null> =>
    (await site.store.snoozes.forget(c.var.account.id, id)) ? { key: 'done.reminder.off' } : null;

  const remind = async (c: Ctx, id: number, days: number): Promise<Told | null> => {
    const at = site.now() + days * dayMs;
    const done = await site.store.snoozes.remind(c.var.account.id, id, at);
    if (done === 'gone') return null;
    return done === 'set' ? { key: 'done.reminder', at } : { key: `done.reminder.${done}` };
  };
  return app;
}
