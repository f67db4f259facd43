/** Finding recipients: what is offered while one types, choosing them on a page, and whom one has written to. */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { mostCards } from '../daemon/mail/card.ts';
import type { Correspondent, Draft, Suggestion } from '../daemon/store.ts';
import { correspondentsPage } from '../views/contacts.ts';
import { choosePage, type Offer, offersList } from '../views/recipients.ts';
import { afterOf, named, nextPath } from './contacts.ts';
import { type Form, readForm } from './form.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { type Ctx, doorOf, type Env, type Site } from './site.ts';

const offered = 8;
const perPage = 100;
/** More people than one letter should go to at once. */
const largestGroup = 200;

export function recipients(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const { contacts: book, correspondents } = site.store;

  app.get('/contacts/suggestions', async c => {
    const id = /^[\w-]{1,60}$/.test(c.req.query('list') ?? '') ? c.req.query('list')! : 'offers';
    const found = await correspondents.suggest(c.var.account.id, c.req.query('q') ?? '', offered);
    const offers = await Promise.all(found.map(s => offerOf(c.var.account.id, s)));
    c.header('Cache-Control', 'no-store');
    return c.html(
      offersList(
        doorOf(site, c),
        id,
        offers.filter(o => !('group' in o) || o.addresses.length > 0),
      ),
    );
  });

  const offerOf = async (accountId: number, s: Suggestion): Promise<Offer> => {
    if (s.kind === 'person') return s;
    const { contacts } = await book.page(accountId, { groupId: s.id, limit: largestGroup });
    return { group: s.name, addresses: contacts.flatMap(named) };
  };

  app.get('/drafts/:id/recipients', async c => {
    const draft = await draftOf(c);
    if (!draft) return missing(site, c);
    const text = (c.req.query('q') ?? '').slice(0, 200);
    const found = await book.page(c.var.account.id, { text, after: afterOf(c.req.query('after')), limit: perPage });
    const s = await screenOf(site, c);
    const next = found.next && nextPath(`/drafts/${draft.id}/recipients`, { q: text }, found.next);
    const total = await book.count(c.var.account.id);
    const content = choosePage(s, { draft, contacts: found.contacts, text, next, total });
    return show(c, s, s.w.t('contacts.choose.title'), { view: 'page', content });
  });

  app.post('/drafts/:id/recipients', async c => {
    const draft = await draftOf(c);
    const form = await readForm(c);
    if (!draft) return missing(site, c);
    const field = (['to', 'cc', 'bcc'] as const).find(name => name === form.get('field'));
    const people = form.all('person').slice(0, largestGroup);
    if (field && people.length > 0) await addTo(draft, field, people.join(', '));
    return c.redirect(`/drafts/${draft.id}`, 303);
  });

  /** Whatever was saved elsewhere meanwhile stays: only this field grows. */
  const addTo = async (draft: Draft, field: 'to' | 'cc' | 'bcc', people: string) => {
    const before = draft[field].trim().replace(/[,;]+$/, '');
    const fields = {
      ...draft,
      [field]: (before === '' ? people : `${before}, ${people}`).replace(/[\r\n]+/g, ' ').slice(0, 100_000),
    };
    await site.store.drafts.save(draft.accountId, draft.id, draft.version, fields, site.now());
  };

  const draftOf = async (c: Ctx): Promise<Draft | null> => {
    const id = idOf(c.req.param('id'));
    return id === null ? null : site.store.drafts.get(c.var.account.id, id);
  };

  app.get('/correspondents', async c => {
    const [, lastAt, id] = /^(\d{1,15})\.(\d{1,15})$/.exec(c.req.query('after') ?? '') ?? [];
    const after = lastAt === undefined ? null : { lastAt: Number(lastAt), id: Number(id) };
    const found = await correspondents.page(c.var.account.id, after, perPage + 1);
    const shown = found.slice(0, perPage);
    const last = found.length > perPage ? shown.at(-1) : undefined;
    const s = await screenOf(site, c);
    const next = last ? `/correspondents?after=${last.lastAt}.${last.id}` : null;
    const content = correspondentsPage(s, shown, await book.groups(c.var.account.id), next);
    return show(c, s, s.w.t('contacts.written'), { view: 'page', content });
  });

  app.post('/correspondents/removals', async c => {
    const n = await correspondents.forget(c.var.account.id, chosen(await readForm(c)));
    return done(c, n === 0 ? { key: 'done.nobody' } : { key: 'done.forgotten', n });
  });

  app.post('/correspondents/cards', async c => {
    const some = await correspondents.some(c.var.account.id, chosen(await readForm(c)));
    if (some.length === 0) return done(c, { key: 'done.nobody' });
    if ((await book.count(c.var.account.id)) + some.length > mostCards) return done(c, { key: 'contacts.full' });
    const { added } = await book.take(c.var.account.id, some.map(cardOf), site.now());
    return done(c, { key: 'done.kept', n: added });
  });

  const done = (c: Ctx, told: Told) => {
    tellOnce(site, c, told);
    return c.redirect('/correspondents', 303);
  };
  return app;
}

const cardOf = ({ name, address }: Correspondent) => ({
  ...{ uid: randomUUID(), name: name || address, note: '', groups: [], kept: [] },
  addresses: [{ label: '', address }],
});

const chosen = (form: Form): number[] =>
  form
    .all('person')
    .slice(0, 500)
    .map(idOf)
    .filter(id => id !== null);
