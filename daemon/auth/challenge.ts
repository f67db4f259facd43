import type { Auth, AuthDeps, Verdict } from '../auth.ts';
import { because } from '../log.ts';
import { networkOf } from '../wire/ip.ts';
import { loginAddress } from './names.ts';
import type { Throttle } from './throttle.ts';

/** Signing in by an answer to a challenge, whose secret stands in the settings: under the throttle of all passwords. */
export function createChallenge({ store, settings, log }: AuthDeps, throttle: Throttle): Auth['challenge'] {
  return async (typed, isRight, { peer, local = '' }) => {
    const address = loginAddress(typed.slice(0, 400), settings, local);
    try {
      const entry = await throttle.enter(networkOf(peer), address);
      if (entry.kind === 'busy') return { kind: 'unavailable' };
      if (entry.kind === 'throttled') return { kind: 'throttled', seconds: Math.ceil(entry.ms / 1000) };
      const right = isRight(address);
      entry.done(!right);
      const account = right ? await store.accounts.byAddress(address) : null;
      const verdict: Verdict = account && !account.disabled ? { kind: 'known', account } : { kind: 'refused' };
      if (verdict.kind === 'refused') log.info('Rejected: wrong name or secret', { name: address, peer });
      return verdict;
    } catch (error) {
      log.error('sign-in unavailable', { peer, ...because(error) });
      return { kind: 'unavailable' };
    }
  };
}
