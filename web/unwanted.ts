/** Senders one blocks and conversations one mutes: said on a message, listed and taken back in the settings. */
import { Hono } from 'hono';
import { addressKey, formatAddress, parseAddress, parseDomain } from '../daemon/mail/address.ts';
import { type Account, type BlockedSender, type Message, Sorting } from '../daemon/store.ts';
import { type BlockForm, blockedPage } from '../views/blocked.ts';
import { readForm } from './form.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, messageById, missing, screenOf, show } from './page.ts';
import { ownPath } from './session.ts';
import type { Ctx, Env, Site } from './site.ts';

const placeOf = (text: string): BlockedSender['place'] => (text === 'trash' || text === 'archive' ? text : 'junk');

/** Muted conversations that are listed; search finds the others. */
const mostListed = 100;

export function unwanted(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const { unwanted: store } = site.store;

  app.get('/settings/blocked', c => page(c, { address: '', place: 'junk', error: '' }));

  app.post('/settings/blocked', async c => {
    const form = await readForm(c);
    const f = { address: form.get('address').trim(), place: placeOf(form.get('place')) };
    const address = nameable(f.address);
    const error = address === null ? 'blocked.error' : addressKey(address) === own(c) ? 'blocked.error.own' : null;
    if (error || address === null) return page(c, { ...f, error: c.var.words.t(error ?? 'blocked.error') });
    return (
      (await block(c, address, f.place, '/settings/blocked')) ?? page(c, { ...f, error: c.var.words.t('blocked.full') })
    );
  });

  app.post('/messages/:id/blocks', async c => {
    const form = await readForm(c);
    const m = await messageById(site, c, c.req.param('id'));
    const address = m && nameable(m.fromAddress);
    if (!m || !address || addressKey(address) === own(c)) return missing(site, c);
    const back = ownPath(form.get('back'), '/mail/inbox');
    return (
      (await block(c, address, placeOf(form.get('place')), back)) ??
      done(c, { key: 'blocked.full' }, '/settings/blocked')
    );
  });

  app.post('/settings/blocked/:id/removal', async c => {
    const back = ownPath((await readForm(c)).get('back'), '/settings/blocked');
    const id = idOf(c.req.param('id'));
    const known = (await store.blocked(c.var.account.id)).find(b => b.id === id);
    if (!known || !(await store.unblock(c.var.account.id, known.id))) return missing(site, c);
    return done(c, { key: known.place === 'archive' ? 'done.unmuted' : 'done.unblocked' }, back);
  });

  app.post('/conversations/:id/mutes', async c => {
    const back = ownPath((await readForm(c)).get('back'), '/mail/inbox');
    const conversation = await conversationNamed(c);
    if (conversation === null) return missing(site, c);
    await store.mute(c.var.account.id, conversation, site.now());
    return done(c, { key: 'done.muted', undo: { unmute: conversation } }, back);
  });

  app.post('/conversations/:id/mutes/removal', async c => {
    const back = ownPath((await readForm(c)).get('back'), '/mail/inbox');
    const conversation = await conversationNamed(c);
    if (conversation === null) return missing(site, c);
    const undo = (await store.unmute(c.var.account.id, conversation)) ? { mute: conversation } : undefined;
    return done(c, { key: 'done.unmuted', undo }, back);
  });

  const own = (c: Ctx): string => c.var.account.address;

  /** The number of one that is there. */
  const conversationNamed = async (c: Ctx): Promise<number | null> => {
    const number = idOf(c.req.param('id'));
    return number !== null && (await site.store.conversations.newest(c.var.account.id, number)) ? number : null;
  };

  /** Null: there are as many as there may be. */
  const block = async (c: Ctx, address: string, place: BlockedSender['place'], back: string) => {
    const made = await store.block(c.var.account.id, address, place, site.now());
    return (
      made &&
      done(
        c,
        { key: `done.blocked.${place}`, values: { who: address.slice(0, 320) }, undo: { unblock: made.id } },
        back,
      )
    );
  };

  const done = (c: Ctx, told: Told, to: string) => {
    tellOnce(site, c, told);
    return c.redirect(to, 303);
  };

  const page = async (c: Ctx, form: BlockForm) => {
    const s = await screenOf(site, c);
    const { id } = c.var.account;
    const muted = await store.muted(id, mostListed);
    const content = blockedPage(s, await store.blocked(id), muted, form);
    return show(c, s, s.w.t('blocked.title'), { view: 'page', content }, form.error ? 422 : 200);
  };
  return app;
}

/** An address, or `@` and a domain for everybody there; null: neither. */
function nameable(text: string): string | null {
  if (text.startsWith('@')) {
    const domain = parseDomain(text.slice(1));
    return domain && `@${domain}`;
  }
  const parsed = parseAddress(text, 255);
  return parsed && formatAddress(parsed);
}

/** What the reader has said of the conversation, and of a sender. Most have said nothing, which the account tells. */
export const isMuted = async (site: Site, { sorting }: Account, m: Message): Promise<boolean> =>
  (sorting & Sorting.mutes) !== 0 && m.conversation > 0 && site.store.unwanted.isMuted(m.accountId, m.conversation);

export const blockOf = async (site: Site, { sorting, address }: Account, m: Message): Promise<BlockedSender | null> =>
  sorting & Sorting.blocks && m.fromAddress.toLowerCase() !== address
    ? site.store.unwanted.blocks(m.accountId, m.fromAddress)
    : null;
