import type { Changed } from '../auth.ts';
import type { CheckOwner } from './check.ts';

type Refusal = Extract<Changed<unknown>, { ok: false }>;

export const refusal = (field: Refusal['field'], reason: string): Refusal => ({ ok: false, field, reason });

/** Why a change is not made that asks for the password again; null: the password is right. */
export function refusalOf(verdict: Awaited<ReturnType<CheckOwner>>): Refusal | null {
  switch (verdict.kind) {
    case 'known':
      return null;
    case 'throttled':
      return { ...refusal('password', 'login.throttled'), seconds: verdict.seconds };
    case 'unavailable':
      return refusal('password', 'login.unavailable');
    case 'refused':
      return refusal('password', 'account.password.wrong');
  }
}
