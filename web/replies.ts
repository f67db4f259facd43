/** Texts one writes often: kept by name, changed, and given to the page that writes. */
import { Hono } from 'hono';
import type { CannedReplySaved } from '../daemon/store.ts';
import { type ReplyForm, repliesPage, replyPage } from '../views/replies.ts';
import { readForm } from './form.ts';
import { writtenText } from './markup.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

/** Characters. */
const longestText = 20_000;
const longestMarkup = 100_000;

export function replies(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const blank: ReplyForm = { id: null, name: '', text: '', html: null, errors: {} };

  app.get('/settings/replies', c => list(c, blank));

  app.get('/settings/replies/:id', async c => {
    const found = await replyOf(c);
    return found ? one(c, { ...found, errors: {} }) : missing(site, c);
  });

  // For the page that writes, which puts it where the caret is.
  app.get('/settings/replies/:id/text', async c => {
    const found = await replyOf(c);
    c.header('Cache-Control', 'no-store');
    return found ? c.json({ text: found.text, html: found.html }) : missing(site, c);
  });

  app.post('/settings/replies', async c => save(c, null));
  app.post('/settings/replies/:id', async c => {
    const found = await replyOf(c);
    return found ? save(c, found.id) : missing(site, c);
  });

  app.post('/settings/replies/:id/removal', async c => {
    const found = await replyOf(c);
    if (!found || !(await site.store.cannedReplies.remove(c.var.account.id, found.id))) return missing(site, c);
    tellOnce(site, c, { key: 'done.reply.removed', values: { name: found.name } });
    return c.redirect('/settings/replies', 303);
  });

  const replyOf = async (c: Ctx) => {
    const id = idOf(c.req.param('id'));
    return id === null ? null : site.store.cannedReplies.get(c.var.account.id, id);
  };

  const save = async (c: Ctx, id: number | null) => {
    const form = await readForm(c);
    const name = form.get('name').replace(/\s+/g, ' ').trim();
    const typed = { id, name, ...(await writtenText(form, 'text')) };
    const errors = wrongIn(c, typed);
    if (errors) return wrong(c, { ...typed, errors });
    const { text, html } = typed;
    const saved = await site.store.cannedReplies.save(c.var.account.id, id, { name, text, html });
    if (saved.kind === 'gone') return missing(site, c);
    if (saved.kind !== 'saved') return wrong(c, { ...typed, errors: { name: whyNot(c, saved) } });
    tellOnce(site, c, { key: 'done.reply.saved', values: { name } });
    return c.redirect('/settings/replies', 303);
  };

  /** Null: nothing is. */
  const wrongIn = (c: Ctx, f: Omit<ReplyForm, 'errors'>): ReplyForm['errors'] | null => {
    const { t } = c.var.words;
    if (f.name === '') return { name: t('replies.name.none') };
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(f.name) || [...f.name].length > 100) return { name: t('replies.name.long') };
    if (f.text.trim() === '') return { text: t('replies.text.none') };
    const long = f.text.length > longestText || (f.html ?? '').length > longestMarkup;
    return long ? { text: t('replies.text.long') } : null;
  };

  const whyNot = (c: Ctx, saved: CannedReplySaved): string =>
    c.var.words.t(saved.kind === 'too many' ? 'replies.many' : 'replies.taken');

  const wrong = (c: Ctx, form: ReplyForm) => (form.id === null ? list(c, form, 422) : one(c, form, 422));

  const list = async (c: Ctx, form: ReplyForm, status: 200 | 422 = 200) => {
    const s = await screenOf(site, c);
    const all = await site.store.cannedReplies.list(c.var.account.id);
    return show(c, s, s.w.t('replies.title'), { view: 'page', content: repliesPage(s, all, form) }, status);
  };

  const one = async (c: Ctx, form: ReplyForm, status: 200 | 422 = 200) => {
    const s = await screenOf(site, c);
    return show(c, s, form.name, { view: 'page', content: replyPage(s, form) }, status);
  };
  return app;
}
