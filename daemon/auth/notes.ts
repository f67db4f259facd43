import type { Protocol } from '../auth.ts';
import type { SignInResult, SignIns } from '../store.ts';
import { networkOf } from '../wire/ip.ts';

/** A mail program asks every minute: it is noted so often, with how many times it was. */
const pauseMs = 10 * 60_000;
const mostKnown = 10_000;

export type NoteSignIn = (accountId: number, from: { peer: string; protocol: Protocol }, result: SignInResult) => void;

/** Keeps for each account who signed in, or tried to, and from where; never holds up a sign-in. */
export function createNotes(deps: {
  signIns: SignIns;
  now: () => number;
  failed: (error: unknown) => void;
}): NoteSignIn {
  const known = new Map<string, { at: number; times: number }>();
  return (accountId, { peer, protocol: way }, result) => {
    // One who guesses has as many addresses as a network: they are noted as one.
    const key = `${accountId} ${way} ${result} ${result === 'in' ? peer : networkOf(peer)}`;
    const at = deps.now();
    const before = known.get(key);
    if (before && at >= before.at && at - before.at < pauseMs) {
      before.times++;
      return;
    }
    known.delete(key);
    known.set(key, { at, times: 0 });
    if (known.size > mostKnown) known.delete(known.keys().next().value!);
    const times = (before?.times ?? 0) + 1;
    deps.signIns.note(accountId, { way, address: peer, result, times }, at).catch(deps.failed);
  };
}
