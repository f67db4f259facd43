/** The address book: its pages, one contact, groups, what is done to those chosen, and cards in and out. */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { addressKey, formatNamed } from '../daemon/mail/address.ts';
import { mostCards, readCards, writeCards } from '../daemon/mail/card.ts';
import type { Contact, ContactFields, ContactKey, Store } from '../daemon/store.ts';
import { type ContactForm, contactPage } from '../views/contact.ts';
import { composeTo, contactsPage, importPage } from '../views/contacts.ts';
import type { Key } from '../views/words.ts';
import { blankContact, goodGroup, readContact, typedContact } from './contacts/typed.ts';
import { type Form, readForm } from './form.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, messageById, missing, screenOf, show } from './page.ts';
import { streamOf } from './parts.ts';
import { ownPath } from './session.ts';
import type { Ctx, Env, Site } from './site.ts';
import { readFile } from './upload.ts';

const perPage = 100;
const largestFile = 5_000_000;
/** Cards that one transaction takes. */
const atOnce = 200;
/** Rows told by their number. */
const mostNamed = 12;
/** A link to a letter stays below what servers and browsers carry. */
const longestLink = 6_000;

export function contacts(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const book = site.store.contacts;

  app.get('/contacts', c => list(c));
  app.get('/contacts/new', async c => {
    const from = c.req.query('from');
    if (from !== undefined) return senderOf(c, from);
    const group = await groupOf(c, c.req.query('group'));
    return page(c, { ...blankContact, groups: group ? [group.name] : [] });
  });

  app.get('/contacts/imports', async c => importForm(c, null));
  app.post('/contacts/imports', async c => {
    const { file, tooLarge } = await readFile(c, largestFile);
    if (tooLarge) return importForm(c, 'contacts.import.large', 413);
    const { cards, left, over, unaddressed, columns } = readCards(file ?? Buffer.alloc(0));
    if (cards.length === 0) {
      const names = c.var.words.list(columns.slice(0, 30)).slice(0, 500);
      return importForm(
        c,
        unaddressed.length > 0 && names ? 'contacts.import.unaddressed' : 'contacts.import.none',
        422,
        names,
      );
    }
    if ((await book.count(c.var.account.id)) + cards.length > mostCards)
      return importForm(c, 'contacts.import.full', 422);
    const counts = { added: 0, updated: 0 };
    for (let from = 0; from < cards.length; from += atOnce) {
      const some = cards.slice(from, from + atOnce).map(card => ({ ...card, uid: card.uid ?? randomUUID() }));
      const { added, updated } = await book.take(c.var.account.id, some, site.now());
      counts.added += added;
      counts.updated += updated;
    }
    const { number, list: listed } = c.var.words;
    const values = { updated: number(counts.updated), left: number(left), over: number(over) };
    if (over > 0) return done(c, '/contacts', { key: 'done.imported.over', n: counts.added, values });
    if (unaddressed.length === 0) return done(c, '/contacts', { key: 'done.imported', n: counts.added, values });
    const named = unaddressed.slice(0, mostNamed).map(row => number(row));
    const rows = listed(unaddressed.length > mostNamed ? [...named, '…'] : named);
    return done(c, '/contacts', { key: 'done.imported.rows', n: counts.added, values: { ...values, rows } });
  });

  app.get('/contacts/cards.vcf', async c => {
    const group = await groupOf(c, c.req.query('group'));
    c.header('Content-Type', 'text/vcard; charset=utf-8');
    c.header('Content-Disposition', 'attachment; filename="contacts.vcf"');
    c.header('Cache-Control', 'no-store');
    return c.body(streamOf(cardsOf(site.store, c.var.account.id, group?.id ?? null)));
  });

  app.post('/contacts', async c => {
    const read = readContact(await readForm(c), blankContact, c.var.words);
    if (read.errors) return page(c, { ...read.fields, errors: read.errors }, 422);
    if ((await book.count(c.var.account.id)) >= mostCards)
      return page(c, { ...read.fields, errors: { form: c.var.words.t('contacts.full') } }, 422);
    const made = await book.create(c.var.account.id, randomUUID(), read.fields, site.now());
    return done(c, `/contacts/${made.id}`, { key: 'done.contact.saved', values: { who: made.name } });
  });

  app.post('/contacts/removals', async c => {
    const form = await readForm(c);
    const ids = chosen(form);
    const n = await book.remove(c.var.account.id, ids, site.now());
    return done(
      c,
      ownPath(form.get('back'), '/contacts'),
      n === 0 ? nobody : { key: 'done.contact.removed', n, undo: { contacts: ids } },
    );
  });

  app.post('/contacts/restorations', async c => {
    const form = await readForm(c);
    const n = await book.restore(c.var.account.id, chosen(form), site.now());
    return done(c, ownPath(form.get('back'), '/contacts'), n === 0 ? nobody : { key: 'done.contact.restored', n });
  });

  app.post('/contacts/letters', async c => {
    const form = await readForm(c);
    const some = await book.some(c.var.account.id, chosen(form));
    const to = some.flatMap(named).join(', ');
    if (to === '') return done(c, ownPath(form.get('back'), '/contacts'), nobody);
    if (to.length < longestLink) return c.redirect(composeTo([to]), 303);
    const blank = { cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null };
    const draft = await site.store.drafts.create(c.var.account.id, { ...blank, to }, site.now());
    return draft === 'no-room'
      ? c.redirect(composeTo([to.slice(0, longestLink)]), 303)
      : c.redirect(`/drafts/${draft.id}`, 303);
  });

  app.post('/contacts/memberships', async c => {
    const form = await readForm(c);
    const ids = chosen(form);
    const back = ownPath(form.get('back'), '/contacts');
    const leaving = idOf(form.get('leave'));
    if (ids.length === 0) return done(c, back, nobody);
    if (leaving !== null) {
      await book.leave(c.var.account.id, ids, leaving, site.now());
      return done(c, back, { key: 'done.contact.left', n: ids.length });
    }
    const group = form.get('group').trim();
    if (!goodGroup(group)) return done(c, back, { key: 'contacts.group.badname' });
    await book.join(c.var.account.id, ids, group, site.now());
    return done(c, back, { key: 'done.contact.grouped', n: ids.length, values: { group } });
  });

  app.post('/contact-groups/:id', async c => {
    const group = await groupOf(c, c.req.param('id'));
    if (!group) return missing(site, c);
    const name = (await readForm(c)).get('name').trim();
    if (!goodGroup(name)) return list(c, group.id, 'contacts.group.badname');
    if (!(await book.renameGroup(c.var.account.id, group.id, name, site.now())))
      return list(c, group.id, 'contacts.group.taken');
    return done(c, `/contacts?group=${group.id}`, { key: 'done.group.renamed', values: { group: name } });
  });

  app.post('/contact-groups/:id/removal', async c => {
    const group = await groupOf(c, c.req.param('id'));
    if (!group) return missing(site, c);
    await book.removeGroup(c.var.account.id, group.id, site.now());
    return done(c, '/contacts', { key: 'done.group.removed', values: { group: group.name } });
  });

  app.get('/contacts/:id', async c => {
    const contact = await own(c);
    return contact ? page(c, { ...contact, errors: {} }) : missing(site, c);
  });

  app.post('/contacts/:id', async c => {
    const id = idOf(c.req.param('id'));
    const form = await readForm(c);
    const there = await own(c);
    const read = readContact(form, there ?? blankContact, c.var.words);
    const modseq = idOf(form.get('modseq')) ?? 0;
    if (id === null) return missing(site, c);
    if (read.errors) return page(c, { ...read.fields, id: there?.id ?? null, modseq, errors: read.errors }, 422);
    const saved = there && (await book.save(c.var.account.id, id, modseq, read.fields, site.now()));
    if (saved) return done(c, `/contacts/${id}`, { key: 'done.contact.saved', values: { who: saved.name } });
    const form_ = c.var.words.t(there ? 'contacts.error.changed' : 'contacts.error.gone');
    const known = there ? { id, modseq: there.modseq } : { id: null, modseq: 0 };
    return page(c, { ...typedContact(form, there ?? blankContact), ...known, errors: { form: form_ } }, 409);
  });

  /** The form for who wrote a message; the contact, where there is one. */
  const senderOf = async (c: Ctx, messageId: string) => {
    const m = await messageById(site, c, messageId);
    if (!m || m.fromAddress === '') return missing(site, c);
    const { contacts: alike } = await book.page(c.var.account.id, { text: m.fromAddress, limit: perPage });
    const key = addressKey(m.fromAddress);
    const known = alike.find(one => one.addresses.some(a => addressKey(a.address) === key));
    if (known) return c.redirect(`/contacts/${known.id}`, 303);
    return page(c, { ...blankContact, name: m.fromName, addresses: [{ label: '', address: m.fromAddress }] });
  };

  const own = async (c: Ctx): Promise<Contact | null> => {
    const id = idOf(c.req.param('id'));
    return id === null ? null : ((await book.some(c.var.account.id, [id]))[0] ?? null);
  };

  const groupOf = async (c: Ctx, id: string | undefined) =>
    (await book.groups(c.var.account.id)).find(g => g.id === idOf(id)) ?? null;

  const done = (c: Ctx, goTo: string, told: Told) => {
    tellOnce(site, c, told);
    return c.redirect(goTo, 303);
  };

  const list = async (c: Ctx, groupId = idOf(c.req.query('group')), error: Key | null = null) => {
    const text = (c.req.query('q') ?? '').slice(0, 200);
    const groups = await book.groups(c.var.account.id);
    const group = groups.find(g => g.id === groupId) ?? null;
    if (groupId !== null && !group) return missing(site, c);
    const after = afterOf(c.req.query('after'));
    const found = await book.page(c.var.account.id, { text, groupId, after, limit: perPage });
    const s = await screenOf(site, c);
    const content = contactsPage(s, {
      contacts: found.contacts,
      groups,
      group,
      text,
      total: await book.count(c.var.account.id),
      next: found.next && nextPath('/contacts', { q: text, group: groupId?.toString() ?? '' }, found.next),
      error: error === null ? '' : s.w.t(error),
    });
    return show(c, s, group?.name ?? s.w.t('contacts.title'), { view: 'page', content }, error === null ? 200 : 422);
  };

  const page = async (c: Ctx, form: Partial<ContactForm> & ContactFields, status: 200 | 409 | 422 = 200) => {
    const s = await screenOf(site, c);
    const content = contactPage(s, { id: null, modseq: 0, errors: {}, ...form });
    return show(c, s, form.name || s.w.t('contacts.new'), { view: 'page', content }, status);
  };

  const importForm = async (c: Ctx, error: Key | null, status: 200 | 413 | 422 = 200, columns = '') => {
    const s = await screenOf(site, c);
    const told = error === null ? '' : s.w.t(error, { size: s.w.size(largestFile), columns });
    const content = importPage(s, told, largestFile);
    return show(c, s, s.w.t('contacts.import.title'), { view: 'page', content }, status);
  };
  return app;
}

const nobody: Told = { key: 'done.nobody' };

const chosen = (form: Form): number[] =>
  form
    .all('contact')
    .slice(0, 500)
    .map(idOf)
    .filter(id => id !== null);

/** The whole address book as vCards, or those of a group. */
export async function* cardsOf({ contacts: book }: Store, accountId: number, groupId: number | null) {
  for (let after: ContactKey | null | undefined; after !== null; ) {
    const { contacts: some, next }: Awaited<ReturnType<typeof book.page>> = await book.page(accountId, {
      ...{ groupId, after: after ?? null, limit: 500 },
    });
    for (const card of writeCards(some)) yield Buffer.from(card);
    after = next;
  }
}

/** The address a person is written to at, with the name; nobody where there is none. */
export const named = (c: Contact): string[] => {
  const first = c.addresses[0]?.address;
  return first === undefined ? [] : [formatNamed({ name: c.name === first ? '' : c.name, address: first })];
};

/** Where the page before ended, as its address says it. */
export function afterOf(text: string | undefined): { name: string; id: number } | null {
  const [, id, name = ''] = /^(\d{1,15})\.(.*)$/s.exec(text ?? '') ?? [];
  return id === undefined ? null : { id: Number(id), name };
}

export function nextPath(path: string, query: Record<string, string>, next: { name: string; id: number }): string {
  const params = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  params.set('after', `${next.id}.${next.name}`);
  return `${path}?${params}`;
}
