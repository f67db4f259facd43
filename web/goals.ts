/** Addresses that people have their mail sent on to: whether they may, and what their owners say. */
import { siteUrl } from '../daemon/config.ts';
import { addressKey, formatAddress, parseAddress } from '../daemon/mail/address.ts';
import { mayGoOut } from '../daemon/online.ts';
import type { ForwardConsent } from '../daemon/store.ts';
import type { Goal } from '../views/forwarding.ts';
import { createWords, languages } from '../views/words.ts';
import { confirmationPath } from './confirmations.ts';
import type { Told } from './notice.ts';
import { askDaemon, type Ctx, type Site } from './site.ts';

const dayMs = 86_400_000;
const linkHolds = 7 * dayMs;

/** `consent`: what its owner said before; null: nothing. */
type Verdict = { why: string } | { asks: boolean; consent: ForwardConsent | null };

/** Why mail of the account may not be sent on there, in words, and whether the owner of the address is asked first. */
export async function refusal(site: Site, c: Ctx, address: string): Promise<Verdict> {
  const { t } = c.var.words;
  const parsed = parseAddress(address);
  if (!parsed) return { why: t('compose.error.address', { address }) };
  const to = formatAddress(parsed);
  if (addressKey(to) === c.var.account.address) return { why: t('forwarding.error.own') };
  const verdict = await askDaemon(site, 'forward.check', { accountId: c.var.account.id, address: to });
  if (verdict.kind === 'circle') return { why: t('forwarding.error.circle', { address: to }) };
  if (verdict.kind === 'refused') return { why: t('forwarding.error.refused', { address: to }) };
  const consent = await consentOf(site, c, to);
  if (consent?.state === 'refused') return { why: t('forwarding.error.unwanted', { address: to }) };
  return { asks: verdict.asks && consent?.state !== 'confirmed' && consent?.state !== 'free', consent };
}

async function consentOf(site: Site, c: Ctx, address: string): Promise<ForwardConsent | null> {
  const all = await site.store.forwardConsents.list(c.var.account.id);
  return all.find(one => one.address === addressKey(address)) ?? null;
}

/** Of all forwards and rules of the account, each once. */
export async function goalsOf(site: Site, c: Ctx): Promise<Goal[]> {
  const { id, forwards } = c.var.account;
  const [consents, rules] = await Promise.all([site.store.forwardConsents.list(id), site.store.mailRules.list(id)]);
  const ruled = rules.flatMap(r => (r.rule?.deed.forward ? [addressKey(r.rule.deed.forward.to)] : []));
  const saidBy = (address: string) => consents.find(one => one.address === address) ?? null;
  // Where nobody is asked, a no stands.
  const isWaived = (said: ForwardConsent | null) => !site.settings.forward_confirm && said?.state !== 'refused';
  return [...new Set([...forwards, ...ruled])].map(address => ({
    address,
    byRule: !forwards.includes(address),
    consent: isWaived(saidBy(address)) ? waived : held(saidBy(address), site.now()),
  }));
}

const waived = { state: 'free' as const, at: 0, until: null };

/** A link whose time is over is none. */
const held = (consent: ForwardConsent | null, now: number): ForwardConsent | null =>
  consent && { ...consent, until: (consent.until ?? 0) > now ? consent.until : null };

/** What was kept: who is asked gets a letter, unless one is under way, and is among `asked`; the others are free. */
export async function settleGoals(
  site: Site,
  c: Ctx,
  addresses: string[],
): Promise<{ asked: string[]; often: boolean }> {
  const free: string[] = [];
  const asked: string[] = [];
  let often = false;
  for (const address of addresses) {
    const verdict = await refusal(site, c, address);
    if ('why' in verdict) continue;
    const { asks, consent } = verdict;
    if (!asks) {
      if (consent === null || consent.state === 'waiting') free.push(address);
      continue;
    }
    // A link that holds is not written twice.
    const sent = (consent?.until ?? 0) > site.now() ? 'asked' : await writeTo(site, c, address);
    if (sent === 'asked') asked.push(address);
    often ||= sent === 'often';
  }
  await site.store.forwardConsents.free(c.var.account.id, free, site.now());
  return { asked, often };
}

/** To whom letters were written, and whether they can go now. */
export const toldOfLetters = (site: Site, to: string): Told => ({
  key: mayGoOut(site.settings, site.now()).yes ? 'done.forwarding.asked' : 'done.forwarding.waits',
  values: { to },
});

/** The letter, in the language of the site: nobody knows that of its reader. */
export async function writeTo(site: Site, c: Ctx, address: string) {
  const { id: accountId, address: account } = c.var.account;
  const language = site.settings.default_language;
  const { t, lang } = createWords(site.now(), { language, locale: languages[language].locale });
  const secret = site.random(32);
  const host = site.settings.host_domain[0]!;
  const about = { account, address, n: linkHolds / dayMs };
  const text = [
    t('confirm.letter.wish', about),
    `${t('confirm.letter.open', about)}\n\n${siteUrl(site.settings, host)}${confirmationPath(secret)}`,
    t('confirm.letter.no', about),
    t('confirm.letter.end', { site: host }),
  ].join('\n\n');
  const subject = t('confirm.letter.subject', about);
  const until = site.now() + linkHolds;
  const sent = await askDaemon(site, 'forward.ask', { accountId, address, secret, until, subject, text });
  site.log.info('web.forwarding.asked', { account, to: address, lang, sent });
  return sent;
}
