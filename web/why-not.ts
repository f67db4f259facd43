import type { Changed } from '../daemon/tell.ts';
import type { Words } from '../views/words.ts';

/** Why a change of how one signs in was not made, for the person who wanted it. */
export const whyNot = ({ t, reason }: Words, { seconds, ...why }: Extract<Changed<unknown>, { ok: false }>): string =>
  seconds === undefined ? reason(why.reason) : t('login.throttled', { n: seconds });
