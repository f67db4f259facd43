import { randomBytes } from 'node:crypto';
import type { Asked, AuthDeps, Changed, FactorChanges, Offer } from '../auth.ts';
import type { Account } from '../store.ts';
import type { CheckOwner } from './check.ts';
import type { TakeCode } from './code-check.ts';
import { refusal, refusalOf } from './refusal.ts';
import { freshSecret, secretIn } from './secrets.ts';
import { base32, codeIn, keyOctets, keyUri, stepOfCode } from './totp.ts';

/** Long enough to install an app. */
const offerLastsMs = 30 * 60_000;
const howManyRecoveryCodes = 10;
/** As the app on the phone calls us. */
const issuer = 'CWMail';

/** Switching the second factor on and off. The password is asked for again, and a code by what ends one. */
export function createFactor(deps: AuthDeps, checkOwner: CheckOwner, takeCode: TakeCode): FactorChanges {
  const { store, seal, now, log } = deps;
  const offerOf = ({ id, address }: Account, key: Buffer, until: number): Offer => ({
    token: seal.close(JSON.stringify([key.toString('base64'), until]), ownerOf(id)),
    key: base32(key),
    uri: keyUri(key, { address, issuer }),
  });
  /** Null: it is no offer to this account, or too old. */
  const offeredKey = (accountId: number, token: string): { key: Buffer; until: number } | null => {
    const text = token.length > 1000 ? null : seal.open(token, ownerOf(accountId));
    if (text === null) return null;
    const [key, until] = JSON.parse(text) as [string, number];
    return until < now() ? null : { key: Buffer.from(key, 'base64'), until };
  };
  /** Password and code of somebody who has the factor on; answers the account, or why it is not done. */
  const proven = async ({ accountId, password, peer }: Asked, code: string): Promise<Account | Refusal> => {
    const owner = await checkOwner(accountId, password, peer);
    if (owner.kind !== 'known') return refusalOf(owner)!;
    const taken = await takeCode(owner.account, code, peer);
    return taken.kind === 'right' ? owner.account : codeRefusal(taken);
  };
  const newRecovery = async (accountId: number) => {
    const { secrets, hashes } = recoveryCodes();
    await store.secondFactors.renewRecovery(accountId, hashes);
    return { ok: true as const, recovery: secrets };
  };

  return {
    async offer({ accountId, password, peer }) {
      const owner = await checkOwner(accountId, password, peer);
      if (owner.kind !== 'known') return refusalOf(owner)!;
      if (await store.secondFactors.get(accountId)) return refusal('form', 'factor.already');
      return { ok: true, offer: offerOf(owner.account, randomBytes(keyOctets), now() + offerLastsMs) };
    },
    async switchOn({ accountId, token, code }) {
      const account = await store.accounts.byId(accountId);
      const offered = account && offeredKey(accountId, token);
      if (!offered) return refusal('form', 'factor.expired');
      const { key, until } = offered;
      // The same form once more: it is on by this very key, and its codes were not seen.
      const before = await store.secondFactors.get(accountId);
      if (before && seal.open(before.sealed, account.address) === key.toString('base64')) return newRecovery(accountId);
      const typed = codeIn(code);
      const step = typed === null ? null : stepOfCode(key, typed, now());
      if (step === null) return { ...refusal('code', 'factor.code.wrong'), offer: offerOf(account, key, until) };
      const { secrets, hashes } = recoveryCodes();
      const sealed = seal.close(key.toString('base64'), account.address);
      const isOn = await store.secondFactors.switchOn({ accountId, sealed, step, recovery: hashes, at: now() });
      if (!isOn) return refusal('form', 'factor.already');
      log.info('second factor switched on', { name: account.address });
      return { ok: true, recovery: secrets };
    },
    async switchOff(asked, code) {
      const account = await proven(asked, code);
      const isOff = (await store.secondFactors.get(asked.accountId)) === null;
      // The form sent again, when the first has done it.
      if ('ok' in account) return account.field === 'code' && isOff ? { ok: true } : account;
      await store.secondFactors.switchOff(account.id);
      log.info('second factor switched off', { name: account.address, peer: asked.peer });
      return { ok: true };
    },
    async renewRecovery(asked, code) {
      const account = await proven(asked, code);
      if ('ok' in account) return account;
      return newRecovery(account.id);
    },
  };
}

type Refusal = Extract<Changed<unknown>, { ok: false }>;

const ownerOf = (accountId: number): string => `offer to ${accountId}`;

function recoveryCodes(): { secrets: string[]; hashes: string[] } {
  const secrets = Array.from({ length: howManyRecoveryCodes }, freshSecret);
  return { secrets, hashes: secrets.map(secret => secretIn(secret)!) };
}

function codeRefusal(taken: Exclude<Awaited<ReturnType<TakeCode>>, { kind: 'right' }>): Refusal {
  switch (taken.kind) {
    case 'throttled':
      return { ...refusal('code', 'login.throttled'), seconds: taken.seconds };
    case 'unavailable':
      return refusal('code', 'login.unavailable');
    case 'used':
      return refusal('code', 'factor.code.used');
    case 'refused':
      return refusal('code', 'factor.code.wrong');
  }
}
