/** As whom one writes. Who may is the daemon's to say; here is kept what goes with an address. */
import { Hono } from 'hono';
import { addressKey, formatAddress, parseAddress } from '../daemon/mail/address.ts';
import { type IdentityForm, type IdentityShown, identitiesPage } from '../views/identities.ts';
import { authorsOf } from './author.ts';
import { type Form, readForm } from './form.ts';
import { writtenText } from './markup.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { askDaemon, type Ctx, type Env, type Site } from './site.ts';

/** Characters. */
const longestSignature = 2_000;
const longestMarkup = 20_000;

export function identities(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/identities', c => page(c, null));

  app.post('/settings/identities', async c => {
    const fields = await typed(await readForm(c));
    const errors = (await wrongIn(c, fields)) ?? {};
    if (Object.keys(errors).length > 0) return page(c, { fields, errors });
    const saved = await site.store.identities.save(c.var.account.id, fields);
    if (!saved) return page(c, { fields, errors: { address: c.var.words.t('identities.many') } });
    return done(c, { key: 'done.identity.saved', values: { address: saved.address } });
  });

  app.post('/settings/identities/:id/removal', async c => {
    const id = idOf(c.req.param('id'));
    if (id === null || !(await site.store.identities.remove(c.var.account.id, id))) return missing(site, c);
    return done(c, { key: 'done.identity.removed' });
  });

  /** Null: nothing is. */
  const wrongIn = async (c: Ctx, f: IdentityForm['fields']): Promise<IdentityForm['errors'] | null> => {
    const { t } = c.var.words;
    if (!parseAddress(f.address)) return { address: t('compose.error.address', { address: f.address }) };
    if (f.replyTo !== '' && !parseAddress(f.replyTo))
      return { replyTo: t('compose.error.address', { address: f.replyTo }) };
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(f.name)) return { name: t('signup.name_characters') };
    if ([...f.name].length > 100) return { name: t('account.name.long') };
    if ([...f.signature].length > longestSignature || f.signatureHtml.length > longestMarkup)
      return { signature: t('identities.signature.long') };
    const verdict = await askDaemon(site, 'sender.check', { accountId: c.var.account.id, address: f.address });
    return verdict.ok ? null : { address: t('identities.refused', { address: f.address }) };
  };

  const done = (c: Ctx, told: Told) => {
    tellOnce(site, c, told);
    return c.redirect('/settings/identities', 303);
  };

  const page = async (c: Ctx, wrong: IdentityForm | null) => {
    const made = await site.store.identities.list(c.var.account.id);
    const idBy = new Map(made.map(i => [i.address, i]));
    const all: IdentityShown[] = (await authorsOf(site.store, c.var.account)).map((a, i) => ({
      ...a,
      name: idBy.get(a.address)?.name ?? '',
      id: idBy.get(a.address)?.id ?? null,
      isOwn: i === 0,
    }));
    const taken = new Set(all.map(i => addressKey(i.address)));
    // The page is of use without them, too.
    const named = await askDaemon(site, 'sender.addresses', { accountId: c.var.account.id }).catch(() => []);
    const s = await screenOf(site, c);
    const content = identitiesPage(
      s,
      all,
      named.filter(address => !taken.has(addressKey(address))),
      wrong,
    );
    return show(c, s, s.w.t('identities.title'), { view: 'page', content }, wrong ? 422 : 200);
  };
  return app;
}

async function typed(form: Form): Promise<IdentityForm['fields']> {
  const { text, html } = await writtenText(form, 'signature');
  const plain = (text: string): string => {
    const parsed = parseAddress(text.trim());
    return parsed ? formatAddress(parsed) : text.trim();
  };
  return {
    address: plain(form.get('address')),
    name: form.get('name').trim(),
    replyTo: plain(form.get('replyTo')),
    // A line of two hyphens within it would end it for its readers.
    signature: text
      .replace(/[^\P{Cc}\n\t]/gu, '')
      .replace(/^\s*\n/, '')
      .trimEnd(),
    signatureHtml: html ?? '',
    isDefault: form.has('default'),
  };
}
