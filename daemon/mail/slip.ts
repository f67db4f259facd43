/** A domain that was typed beside another: `gmial.com` for `gmail.com`. */

/** Many people have an address there, and many a name beside theirs is a trap or nobody's; those of other sort stand here, too. */
const COMMON = `aol.com email.com fastmail.com free.fr freenet.de gmail.com gmx.com gmx.net googlemail.com hotmail.com
  hotmail.co.uk hotmail.fr icloud.com laposte.net libero.it live.com mail.com mail.ru msn.com orange.fr outlook.com
  proton.me protonmail.com t-online.de verizon.net wanadoo.fr yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.fr
  yandex.ru ymail.com`.split(/\s+/);

/** Of shorter ones too many are right that are one letter apart. */
const SHORTEST = 7;

/** The one of `known` (lower case), or of what everybody knows, from which it differs by one slip of a finger; null: it is right, or far from all. */
export function meantDomain(domain: string, known: ReadonlySet<string>): string | null {
  const typed = domain.toLowerCase();
  if (known.has(typed) || COMMON.includes(typed)) return null;
  for (const one of [...known, ...COMMON]) if (one.length >= SHORTEST && isSlip(typed, one)) return one;
  return null;
}

/** One letter too many, too few, another in its place, or two that changed places. */
function isSlip(typed: string, meant: string): boolean {
  if (Math.abs(typed.length - meant.length) > 1) return false;
  let at = 0;
  while (at < typed.length && typed[at] === meant[at]) at++;
  const rest = (text: string, skip: number): string => text.slice(at + skip);
  if (typed.length > meant.length) return rest(typed, 1) === rest(meant, 0);
  if (typed.length < meant.length) return rest(typed, 0) === rest(meant, 1);
  if (rest(typed, 1) === rest(meant, 1)) return typed !== meant;
  return typed[at] === meant[at + 1] && typed[at + 1] === meant[at] && rest(typed, 2) === rest(meant, 2);
}
