/** What is guessed first: NIST SP 800-63B §5.1.1.2 asks for a look at such a list, and for no other rule. */

const words = `password passwort passw0rd p@ssword p@ssw0rd motdepasse contrasena iloveyou sunshine princess football baseball
  basketball superman batman spiderman starwars pokemon trustno1 welcome letmein changeme computer internet samsung
  michelle jennifer jessica charlie jordan michael daniel thomas robert ashley hannah nicole dragon monkey master shadow
  hello killer freedom whatever ginger summer winter hunter soccer hockey matrix secret access admin administrator root
  guest login test tester default qazwsx qwerty azerty qwertz asdf zxcv abcd abc a1b2c3d4 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
  1qaz2wsx3edc zaq12wsx q1w2e3r4 q1w2e3r4t5 qwer1234 asdf1234 zxcv1234 qweasdzxc mailmail webmail hotmail cwmail`;
const common = new Set(words.split(/\s+/));

/** Rows of keyboards, and what follows by itself; read backwards as well. */
const rows = [
  '1234567890',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'qsdfghjklm',
  'zxcvbnm',
  'abcdefghijklmnopqrstuvwxyz',
];
const runs = [...rows, ...rows.map(row => [...row].reverse().join(''))];

/** One to four signs again and again: `11111111`, `abcabcabc`. */
const repeated = /^(.{1,4}?)\1+$/su;

export function isCommonPassword(password: string): boolean {
  const lower = password.toLowerCase();
  // A year or a sign behind a word is guessed with it.
  const word = lower.replace(/[\d!.?*#_-]{1,5}$/, '');
  return [lower, word].some(text => common.has(text)) || runs.some(run => run.includes(lower)) || repeated.test(lower);
}
