import { createHash } from 'node:crypto';
import type { Auth, AuthDeps, CodeVerdict } from '../auth.ts';
import { because } from '../log.ts';
import type { Account } from '../store.ts';
import type { TakeCode } from './code-check.ts';
import type { NoteSignIn } from './notes.ts';
import { createRecall } from './recall.ts';
import type { Throttle } from './throttle.ts';
import type { Tickets } from './tickets.ts';

type Helpers = { throttle: Throttle; tickets: Tickets; note: NoteSignIn; takeCode: TakeCode };

/** For the same half of a sign-in alone: to any other the code is taken. */
const pressedForMs = 30_000;
const mostPressed = 1_000;

/** The second half of a sign-in: the code that is asked for behind the password. */
export function createFinish({ store, log, now, atProvider }: AuthDeps, helpers: Helpers): Auth['finish'] {
  const { throttle, tickets, note, takeCode } = helpers;
  const pressed = createRecall(pressedForMs, mostPressed);
  const underWay = new Map<string, Promise<CodeVerdict>>();
  const accountOf = async (ticket: string): Promise<Account | null> => {
    const half = tickets.open(ticket);
    const account = half && (await store.accounts.byId(half.accountId));
    if (!account || account.disabled) return null;
    const { passwordHash, secondFactor } = await store.accounts.credentials(account.id);
    // One that had a password of its own before its mailbox was a provider's may still have it, and it means nothing.
    return secondFactor && half.isFor(atProvider ? null : passwordHash) ? account : null;
  };
  const judged = async (account: Account, code: string, peer: string): Promise<CodeVerdict> => {
    const taken = await takeCode(account, code, peer);
    if (taken.kind !== 'right') return taken;
    note(account.id, { peer, protocol: 'web' }, 'in');
    throttle.welcome(peer, account.address, 'code');
    return { kind: 'known', account, recoveryLeft: taken.recoveryLeft };
  };
  const finish = async (ticket: string, code: string, peer: string): Promise<CodeVerdict> => {
    const account = await accountOf(ticket);
    if (!account) return { kind: 'expired' };
    const mark = createHash('sha256').update(`${ticket} ${code}`).digest('base64');
    // Pressed twice: the browser waits for the second answer, and may never have seen the first.
    if (pressed.has(mark, now())) return { kind: 'known', account, recoveryLeft: null };
    const running = underWay.get(mark) ?? judged(account, code, peer).finally(() => underWay.delete(mark));
    underWay.set(mark, running);
    const verdict = await running;
    if (verdict.kind === 'known') pressed.remember(mark, now());
    return verdict;
  };
  return (ticket, code, peer) =>
    finish(ticket, code, peer).catch(error => {
      log.error('code cannot be checked', { peer, ...because(error) });
      return { kind: 'unavailable' };
    });
}
