/** Sending all mail on: said in words before it begins, refused where it would come back, and asked of who gets it. */
import { Hono } from 'hono';
import { addressKey, formatAddress, parseAddress } from '../daemon/mail/address.ts';
import { type ForwardingForm, forwardingPage } from '../views/forwarding.ts';
import { readForm } from './form.ts';
import { goalsOf, refusal, settleGoals, toldOfLetters, writeTo } from './goals.ts';
import { tellOnce } from './notice.ts';
import { missing, screenOf, show } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

/** As many as the chain follows. */
const mostAddresses = 20;
const mostOctets = 1_000;

type Form = Omit<ForwardingForm, 'goals' | 'tooMuch'>;

/** What stayed here is told of for so long. */
const toldForMs = 7 * 86_400_000;

export function forwarding(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/settings/forwarding', c => {
    const { forwards, keepsCopy } = c.var.account;
    return page(c, { to: forwards.join('\n'), keep: forwards.length === 0 || keepsCopy, error: '', sure: null });
  });

  app.post('/settings/forwarding', async c => {
    const form = await readForm(c);
    const typed = form
      .get('to')
      .split(/[\s,;]+/)
      .filter(one => one !== '');
    const shown = { to: typed.join('\n'), keep: form.get('keep') === '1', sure: null };
    const { why, asks } = await judged(c, typed);
    if (why !== null) return page(c, { ...shown, error: why });
    const to = [...new Set(typed.map(keyOf))];
    const sure = form.has('sure') ? null : { to, asks: [...new Set(asks.map(keyOf))] };
    if (form.get('sure') !== '1') return page(c, { ...shown, error: '', sure });
    await site.store.accounts.set(c.var.account.id, { forwards: to, keepsCopy: shown.keep });
    site.log.info('web.forwarding', { account: c.var.account.address, to, keeps: shown.keep });
    tellKept(c, to, await settleGoals(site, c, to));
    return c.redirect('/settings/forwarding', 303);
  });

  app.post('/settings/forwarding/removal', async c => {
    await site.store.accounts.set(c.var.account.id, { forwards: [], keepsCopy: false });
    site.log.info('web.forwarding', { account: c.var.account.address, to: [] });
    tellOnce(site, c, { key: 'done.forwarding.off' });
    return c.redirect('/settings/forwarding', 303);
  });

  // Once more, for a letter that was lost or came too late; of a rule's goal too.
  app.post('/settings/forwarding/letters', async c => {
    const to = (await readForm(c)).get('to');
    const goal = (await goalsOf(site, c)).find(g => g.address === to);
    if (!goal) return missing(site, c);
    const waits = goal.consent === null || goal.consent.state === 'waiting';
    const sent = waits ? await writeTo(site, c, to) : 'known';
    if (sent === 'asked') tellOnce(site, c, toldOfLetters(site, to));
    if (sent === 'often') tellOnce(site, c, { key: 'done.forwarding.often' });
    return c.redirect('/settings/forwarding', 303);
  });

  const tellKept = (c: Ctx, to: string[], { asked, often }: { asked: string[]; often: boolean }) => {
    const names = (some: string[]) => c.var.words.list(some).slice(0, 300);
    if (often) tellOnce(site, c, { key: 'done.forwarding.often' });
    else if (asked.length > 0) tellOnce(site, c, toldOfLetters(site, names(asked)));
    else tellOnce(site, c, { key: 'done.forwarding.on', values: { to: names(to) } });
  };

  /** What is wrong with the addresses, else whose owners are asked first. */
  const judged = async (c: Ctx, typed: string[]): Promise<{ why: string | null; asks: string[] }> => {
    const { t } = c.var.words;
    const asks: string[] = [];
    if (typed.length === 0) return { why: t('forwarding.error.none'), asks };
    if (typed.length > mostAddresses || Buffer.byteLength(typed.join('\n')) > mostOctets)
      return { why: t('forwarding.error.many', { n: mostAddresses }), asks };
    for (const one of typed) {
      const verdict = await refusal(site, c, one);
      if ('why' in verdict) return { why: verdict.why, asks };
      if (verdict.asks) asks.push(one);
    }
    return { why: null, asks };
  };

  const page = async (c: Ctx, form: Form) => {
    const s = await screenOf(site, c);
    const held = await site.store.forwardVolume.heldBack(c.var.account.id);
    const perHour = site.settings.user_max_forwards;
    const tooMuch = held && site.now() - held.last < toldForMs ? { ...held, perHour } : null;
    const content = forwardingPage(s, { ...form, goals: await goalsOf(site, c), tooMuch });
    return show(c, s, s.w.t('forwarding.title'), { view: 'page', content }, form.error ? 422 : 200);
  };
  return app;
}

const keyOf = (typed: string): string => addressKey(formatAddress(parseAddress(typed)!));
