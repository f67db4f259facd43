import { createHash } from 'node:crypto';

export type Listed = {
  /** The upstream's number for it, good for one session. */
  number: number;
  /** Octets as LIST says. */
  size: number;
  /** Null: UIDL gave none, or gave the same one to another message too. */
  uidl: string | null;
};

/** Gives each listed message its UIDL, unless two share one: RFC 1939 §7 lets equal messages do that. */
export function named(
  listed: { number: number; size: number }[],
  uidls: { number: number; uidl: string }[] | null,
): Listed[] {
  const byNumber = new Map((uidls ?? []).map(u => [u.number, u.uidl]));
  const uses = new Map<string, number>();
  for (const uidl of byNumber.values()) uses.set(uidl, (uses.get(uidl) ?? 0) + 1);
  return listed.map(({ number, size }) => {
    const uidl = byNumber.get(number) ?? '';
    return { number, size, uidl: uidl !== '' && uses.get(uidl) === 1 ? tidy(uidl) : null };
  });
}

/** RFC 1939 §7: 1 to 70 characters from 0x21 to 0x7E. Anything else names its message too, by a hash of it. */
const tidy = (uidl: string): string =>
  /^[\x21-\x7e]{1,70}$/.test(uidl)
    ? uidl
    : `~${createHash('sha256').update(uidl, 'latin1').digest('hex').slice(0, 40)}`;
