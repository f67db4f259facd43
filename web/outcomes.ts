/** What became of a sent message, recipient by recipient, told from what the store knows of its submission. */
import { addressKey } from '../daemon/mail/address.ts';
import type { Choice, SubmissionFacts } from '../daemon/store.ts';
import type { RecipientOutcome } from '../views/outcomes.ts';
import type { Site } from './site.ts';

type Fate = RecipientOutcome['fate'];

/** `named`: whom the header names; who is not among them was a blind copy. `refused`: who was not taken with the others. */
export function outcomesOf(facts: SubmissionFacts, named: string[], refused: RefusedReader[]): RecipientOutcome[] {
  const seen = new Set(named.map(addressKey));
  const isBlind = (address: string) => !seen.has(addressKey(address));
  const taken = facts.recipients.map(address => {
    const fates = routesOf(facts, address).map(route => fateOf(facts, address, route));
    return { address, blind: isBlind(address), fate: worst(fates) };
  });
  const others = refused.map(({ address, why }) => ({
    ...{ address, blind: isBlind(address) },
    fate: { kind: 'failed', at: facts.at, why } as const,
  }));
  return [...taken, ...others];
}

export type RefusedReader = { address: string; why: string };

/** The rest were refused alike, and a list of thousands helps nobody. */
const mostRefused = 50;

/** Kept by the letter: those who were refused are in no submission, and its writer looks for them in Sent. */
export const keepRefused = (
  site: Site,
  accountId: number,
  messageId: string,
  refused: RefusedReader[],
): Promise<void> =>
  site.store.choices.set(accountId, {
    ...{ kind: 'refused', key: refusedKey(messageId), at: site.now() },
    value: JSON.stringify(refused.slice(0, mostRefused).map(r => ({ ...r, why: r.why.slice(0, 300) }))),
  });

export const refusedKey = (messageId: string): string => `refused ${messageId}`;

export function refusedIn(choices: Choice[]): RefusedReader[] {
  const kept = choices.find(c => c.kind === 'refused');
  return kept ? JSON.parse(kept.value) : [];
}

/** Where the chain sent a recipient: at its release where it was held before, else when it was accepted. */
function routesOf(facts: SubmissionFacts, address: string): string[] {
  const released = facts.steps.findLast(s => s.event === 'routed' && s.recipient === address)?.detail;
  const accepted = facts.steps.find(s => s.event === 'accepted')?.detail ?? '';
  const entry =
    released ??
    accepted
      .split('; ')
      .find(e => e.startsWith(`${address} -> `))
      ?.slice(address.length + 4);
  const routes = (entry ?? '').split(', ').filter(Boolean);
  return routes.length > 0 ? routes : [address];
}

/** Where somebody has the mail sent on to is nobody else's business: of that only the course is told. */
function fateOf(facts: SubmissionFacts, address: string, route: string): Fate {
  const isOpen = addressKey(route) === addressKey(address);
  const waiting = facts.waiting.find(w => w.recipient === route);
  if (waiting) return waitingFate(waiting, isOpen);
  const last = facts.steps.findLast(s => s.recipient === route && ['delivered', 'failed', 'removed'].includes(s.event));
  if (last?.event === 'delivered') return { kind: 'delivered', at: last.at, host: isOpen ? hostOf(last.detail) : null };
  if (last?.event === 'failed') return { kind: 'failed', at: last.at, why: isOpen ? last.detail : '' };
  if (last?.event === 'removed') return { kind: 'removed', at: last.at };
  const filed = facts.steps.findLast(s => s.event === 'routed' && s.recipient === address)?.at ?? facts.at;
  return { kind: 'here', at: filed };
}

function waitingFate(w: SubmissionFacts['waiting'][number], isOpen: boolean): Fate {
  if (w.state === 'held' && w.holdKind !== null)
    return { kind: 'held', why: w.holdKind, domain: isOpen ? w.domain : '', until: w.nextAt };
  if (w.attempts === 0) return { kind: 'under way' };
  return { kind: 'delayed', why: isOpen ? (w.lastReply ?? '') : '', next: w.nextAt };
}

/** The detail of a step is `host: reply`, or only the reply. */
const hostOf = (detail: string): string | null => /^([\w.-]+): /.exec(detail)?.[1] ?? null;

const gravity: Fate['kind'][] = ['here', 'delivered', 'under way', 'held', 'delayed', 'removed', 'failed'];

/** Of an alias of several its writer is told what went worst. */
const worst = (fates: Fate[]): Fate =>
  fates.reduce((a, b) => (gravity.indexOf(b.kind) > gravity.indexOf(a.kind) ? b : a));
