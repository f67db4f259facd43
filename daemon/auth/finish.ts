import type { Auth, AuthDeps, CodeVerdict } from '../auth.ts';
import { because } from '../log.ts';
import type { Account } from '../store.ts';
import type { TakeCode } from './code-check.ts';
import type { NoteSignIn } from './notes.ts';
import type { Throttle } from './throttle.ts';
import type { Tickets } from './tickets.ts';

type Helpers = { throttle: Throttle; tickets: Tickets; note: NoteSignIn; takeCode: TakeCode };

/** The second half of a sign-in: the code that is asked for behind the password. */
export function createFinish({ store, log }: AuthDeps, helpers: Helpers): Auth['finish'] {
  const { throttle, tickets, note, takeCode } = helpers;
  const accountOf = async (ticket: string): Promise<Account | null> => {
    const half = tickets.open(ticket);
    const account = half && (await store.accounts.byId(half.accountId));
    if (!account || account.disabled) return null;
    const { passwordHash, secondFactor } = await store.accounts.credentials(account.id);
    return secondFactor && half.isFor(passwordHash) ? account : null;
  };
  const finish = async (ticket: string, code: string, peer: string): Promise<CodeVerdict> => {
    const account = await accountOf(ticket);
    if (!account) return { kind: 'expired' };
    const taken = await takeCode(account, code, peer);
    if (taken.kind !== 'right') return taken;
    note(account.id, { peer, protocol: 'web' }, 'in');
    throttle.welcome(peer, account.address);
    return { kind: 'known', account, recoveryLeft: taken.recoveryLeft };
  };
  return (ticket, code, peer) =>
    finish(ticket, code, peer).catch(error => {
      log.error('code cannot be checked', { peer, ...because(error) });
      return { kind: 'unavailable' };
    });
}
