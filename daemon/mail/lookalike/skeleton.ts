import { domainToUnicode } from 'node:url';

/** Letters by what they are taken for (after UTS 39, those that domains are made of): one Latin letter, then its twins. */
const TWINS = [
  'aаαɑạ',
  'bЬьƅ',
  'cсϲᴄ',
  'dԁɗ',
  'eеєҽ',
  'fƒϝ',
  'gɡց',
  'hһհ',
  'iіíìı¡ɩι1lӏ|',
  'jјϳ',
  'kκкӄ',
  'mмʍ',
  'nոռпη',
  'oоοօσ0ө',
  'pрρ',
  'qԛզ',
  'rгᴦ',
  'sѕꜱ',
  'tтτ',
  'uυսᴜц',
  'vνѵ',
  'wԝωѡ',
  'xхχ',
  'yуүγ',
  'zᴢ',
];
const LATIN = new Map(TWINS.flatMap(([letter, ...twins]) => twins.map(twin => [twin, letter!] as const)));
const PAIRS: [RegExp, string][] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
];
/** A shorter name is a letter away from too many others. */
const SHORTEST = 6;

/** What a host looks like at a glance: two hosts with one skeleton are easily taken for each other. */
export function skeleton(host: string): string {
  const shown = host.includes('xn--') ? domainToUnicode(host) || host : host;
  const plain = shown.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().slice(0, 255);
  // Pairs are of Latin letters as written: `cl` is not `ci`.
  const joined = PAIRS.reduce((text, [pair, one]) => text.replace(pair, one), plain);
  return [...joined].map(letter => LATIN.get(letter) ?? letter).join('');
}

/** The same, or under the same ending a letter away from it. */
export function isTwin(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [one, other].map(host => /^(.*?)([^.]*)\.([^.]*)$/.exec(host));
  if (!a || !b || a[1] !== b[1] || a[3] !== b[3]) return false;
  return Math.min(a[2]!.length, b[2]!.length) >= SHORTEST && isLetterAway(a[2]!, b[2]!);
}

/** One letter more, less or another, or two that changed places. */
function isLetterAway(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  const rest = (from: number) => long.slice(from);
  if (long.length > short.length) return short.slice(at) === rest(at + 1);
  const swapped = short[at] === long[at + 1] && short[at + 1] === long[at];
  return short.slice(at + 1) === rest(at + 1) || (swapped && short.slice(at + 2) === rest(at + 2));
}
