/** One's own account: display name, password, and what a mail program is told. A new password ends every other session. */
import { Hono } from 'hono';
import { type AccountForm, accountPage, type MailDoors, type MailPort, readChoices } from '../views/account.ts';
import { mailProgramsPage } from '../views/mail-programs.ts';
import { mailServers } from './autoconfig.ts';
import { readForm } from './form.ts';
import { privateOnly } from './guard.ts';
import { tellOnce } from './notice.ts';
import { missing, screenOf, show } from './page.ts';
import { signIn } from './session.ts';
import { askDaemon, type Ctx, type Env, type Site } from './site.ts';
import { undoSeconds } from './submission.ts';

export function account(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.use('/settings/*', privateOnly(site));
  app.get('/settings', c => page(c, {}));

  app.post('/settings/name', async c => {
    const name = (await readForm(c)).get('name').trim();
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name))
      return page(c, { name, errors: { name: c.var.words.t('signup.name_characters') } });
    if ([...name].length > 100) return page(c, { name, errors: { name: c.var.words.t('account.name.long') } });
    await site.store.accounts.set(c.var.account.id, { name });
    tellOnce(site, c, { key: 'done.name' });
    return c.redirect('/settings', 303);
  });

  app.post('/settings/reading', async c => {
    const form = await readForm(c);
    const afterAct = (['next', 'previous'] as const).find(a => a === form.get('after')) ?? 'list';
    const chosen = readChoices.find(n => String(n) === form.get('read'));
    const readAfter = form.get('read') === 'never' ? null : (chosen ?? 0);
    const flat = form.get('list') === 'messages';
    await site.store.accounts.set(c.var.account.id, { flat, afterAct, readAfter, swipes: form.has('swipes') });
    tellOnce(site, c, { key: 'done.reading' });
    return c.redirect('/settings', 303);
  });

  app.post('/settings/writing', async c => {
    const writesRich = (await readForm(c)).get('begin') === 'formatted';
    await site.store.accounts.set(c.var.account.id, { writesRich });
    tellOnce(site, c, { key: 'done.writing' });
    return c.redirect('/settings', 303);
  });

  app.post('/settings/password', async c => {
    const form = await readForm(c);
    const { t, reason } = c.var.words;
    const next = form.get('next');
    if ([...next].length < 8) return page(c, { errors: { next: t('account.password.short') } });
    const answer = await askDaemon(site, 'auth.password', {
      ...{ accountId: c.var.account.id, old: form.get('old'), next, peer: c.var.peer },
    });
    if (!answer.ok) {
      const errors = answer.reason ? { next: reason(answer.reason) } : { old: t('account.password.wrong') };
      return page(c, { errors });
    }
    await site.store.sessions.removeAll(c.var.account.id);
    await signIn(site, c, c.var.account.id);
    tellOnce(site, c, { key: 'done.password' });
    return c.redirect('/settings', 303);
  });

  app.get('/settings/mail-programs', async c => {
    if (site.settings.webmail_for !== null) return missing(site, c);
    const s = await screenOf(site, c);
    const isFound = mailServers(site.settings).length > 0;
    const shown = { ...mailDoors(site, c), ...(await passwordsOf(c)), isFound };
    return show(c, s, s.w.t('programs.title'), { view: 'page', content: mailProgramsPage(s, shown) });
  });

  const passwordsOf = async (c: Ctx) => {
    const { id } = c.var.account;
    const some = (await site.store.appPasswords.list(id)).length > 0;
    const secondFactor = (await site.store.secondFactors.get(id)) !== null;
    return { secondFactor, appPasswords: secondFactor ? 'needed' : some ? 'some' : 'none' } as const;
  };

  const page = async (c: Ctx, form: Partial<AccountForm>) => {
    const s = await screenOf(site, c);
    const content = accountPage(s, {
      name: c.var.account.name,
      errors: {},
      elsewhere: site.settings.webmail_for !== null,
      ...(await passwordsOf(c)),
      undo: site.settings.max_future_release === 0 ? null : undoSeconds(site, { ...c.var.account, undoSend: null }),
      ...form,
    });
    return show(c, s, s.w.t('account.title'), { view: 'page', content }, form.errors ? 422 : 200);
  };
  return app;
}

/** What a mail program connects to: the host programs themselves are told (autoconfig.ts), else that by which its reader came. */
export const mailDoors = ({ settings: s }: Site, c: Ctx): MailDoors => ({
  host: new URL(s.site_url || c.req.url).hostname,
  pop: mailPort(s.pops_port, s.pop_port),
  submission: mailPort(s.submissions_port, s.submission_port),
});

/** RFC 8314 §4.1: TLS from the first octet where there is such a listener; 0: there is none. */
const mailPort = (tlsFirst: number, other: number): MailPort =>
  tlsFirst > 0 ? { port: tlsFirst, security: 'SSL/TLS' } : { port: other, security: 'STARTTLS' };
