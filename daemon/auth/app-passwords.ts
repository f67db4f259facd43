import type { Asked, AuthDeps, Changed } from '../auth.ts';
import { because } from '../log.ts';
import type { SignInWay } from '../store.ts';
import type { CheckOwner } from './check.ts';
import { refusal, refusalOf } from './refusal.ts';
import { freshSecret, secretIn } from './secrets.ts';

/** A mail program asks every minute; writing each time would make a write of every sign-in. */
const noteEveryMs = 10 * 60_000;

/** Is this a password of one of the account's mail programs? */
export function createAppPasswordCheck({ store, now, log }: AuthDeps) {
  return async (accountId: number, typed: string, from: { way: SignInWay; peer: string }): Promise<boolean> => {
    const hash = secretIn(typed);
    const found = hash === null ? null : await store.appPasswords.find(accountId, hash);
    if (!found) return false;
    const at = now();
    const isNoted = found.usedWay === from.way && Math.abs(at - (found.usedAt ?? 0)) < noteEveryMs;
    // It holds up no sign-in.
    if (!isNoted)
      store.appPasswords
        .used(found.id, { way: from.way, from: from.peer, at })
        .catch(error => log.warn('app password not noted', because(error)));
    return true;
  };
}

/** Makes one; what is to be typed is told once, and kept nowhere. */
export function createAppPasswordMaker({ store, now, log, atProvider }: AuthDeps, checkOwner: CheckOwner) {
  return async (f: Asked & { name: string; key: string }): Promise<Changed<{ secret: string }>> => {
    if (atProvider) return refusal('form', 'auth.elsewhere');
    const owner = await checkOwner(f.accountId, f.password, f.peer);
    if (owner.kind !== 'known') return refusalOf(owner)!;
    const secret = freshSecret();
    const { accountId, name, key } = f;
    const made = await store.appPasswords.make({ accountId, name, key, hash: secretIn(secret)!, at: now() });
    if (typeof made === 'string') return refusal('form', `apps.${made}`);
    log.info('app password made', { name: owner.account.address, peer: f.peer });
    return { ok: true, secret };
  };
}
