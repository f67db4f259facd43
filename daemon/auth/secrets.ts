import { createHash, randomInt } from 'node:crypto';

/** Consonants: no two are easily taken for each other, and no word comes about. */
const letters = 'bcdfghjkmnpqrstvwxyz';
/** 20^20 is more than 2^86: nobody guesses that, nor finds it from its hash. */
const length = 20;
const groupLength = 4;

/** A password that a program keeps, or a code for paper: `bcdf ghjk mnpq rstv wxyz`. */
export function freshSecret(): string {
  const all = Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
  return all.match(new RegExp(`.{${groupLength}}`, 'g'))!.join(' ');
}

/** The hash of what was typed, with or without the spaces; null: no secret of ours looks like it. */
export function secretIn(typed: string): string | null {
  if (typed.length > 100) return null;
  const plain = typed.replace(/[\s-]/g, '').toLowerCase();
  if (plain.length !== length || [...plain].some(c => !letters.includes(c))) return null;
  return createHash('sha256').update(plain).digest('hex');
}
