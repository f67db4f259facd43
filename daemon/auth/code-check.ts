import type { AuthDeps, CodeVerdict } from '../auth.ts';
import type { Account } from '../store.ts';
import { networkOf } from '../wire/ip.ts';
import { secretIn } from './secrets.ts';
import type { Throttle } from './throttle.ts';
import { codeIn, stepOfCode } from './totp.ts';

/** right: it is taken, and nobody can use it again; `recoveryLeft` as in CodeVerdict. */
export type Taken =
  | Exclude<CodeVerdict, { kind: 'known' | 'expired' }>
  | { kind: 'right'; recoveryLeft: number | null };

export type TakeCode = (account: Account, typed: string, peer: string) => Promise<Taken>;

/** A code of the clock, or one for recovery: which of them it is its form says. */
export function createCodeCheck({ store, seal, now, log }: AuthDeps, throttle: Throttle): TakeCode {
  const ofClock = async ({ id, address }: Account, code: string): Promise<Taken> => {
    const factor = await store.secondFactors.get(id);
    const key = factor && seal.open(factor.sealed, address);
    if (factor && key === null) log.warn('second factor was sealed under another service.key', { name: address });
    const step = key ? stepOfCode(Buffer.from(key, 'base64'), code, now()) : null;
    if (step === null) return { kind: 'refused' };
    return (await store.secondFactors.takeStep(id, step)) ? { kind: 'right', recoveryLeft: null } : { kind: 'used' };
  };
  const forRecovery = async ({ id }: Account, hash: string): Promise<Taken> => {
    const recoveryLeft = await store.secondFactors.takeRecovery(id, hash);
    return recoveryLeft === null ? { kind: 'refused' } : { kind: 'right', recoveryLeft };
  };
  const take = async (account: Account, typed: string): Promise<Taken> => {
    const [code, hash] = [codeIn(typed), secretIn(typed)];
    if (code !== null) return ofClock(account, code);
    return hash === null ? { kind: 'refused' } : forRecovery(account, hash);
  };
  return async (account, typed, peer) => {
    const entry = await throttle.enterCode(networkOf(peer), account.address);
    if (entry.kind === 'busy') return { kind: 'unavailable' };
    if (entry.kind === 'throttled') return { kind: 'throttled', seconds: Math.ceil(entry.ms / 1000) };
    let failed = false;
    try {
      const taken = await take(account, typed);
      failed = taken.kind !== 'right';
      if (failed) log.info('Rejected: wrong code', { name: account.address, peer });
      return taken;
    } finally {
      entry.done(failed);
    }
  };
}
