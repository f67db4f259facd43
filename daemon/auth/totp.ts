/** One-time codes by the clock: RFC 6238 over RFC 4226. Pure; which code was taken before, the store knows. */
import { createHmac, timingSafeEqual } from 'node:crypto';

type Kind = { digits: number; hash: 'sha1' | 'sha256' | 'sha512' };

/** What every authenticator app can do; many read no other. */
const usual: Kind = { digits: 6, hash: 'sha1' };
const stepMs = 30_000;
/** Steps a phone's clock may differ by, and as many that typing may take (RFC 6238 §5.2). */
const drift = 1;

/** RFC 4226 §4 R6: as long as the hash. */
export const keyOctets = 20;

export const stepOf = (now: number): number => Math.floor(now / stepMs);

/** The code of one time step, with leading zeros. */
export function codeAt(key: Buffer, step: number, { digits, hash }: Kind = usual): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac(hash, key).update(counter).digest();
  // RFC 4226 §5.3: four octets, from where the last half octet points, without the sign.
  const number = mac.readUInt32BE(mac.at(-1)! & 0x0f) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** A code as people type it, with spaces, and in the digits of their keyboard; null: it is none. */
export function codeIn(typed: string): string | null {
  const latin = typed.slice(0, 100).replace(/[\u0660-\u0669\u06f0-\u06f9]/g, d => String(d.charCodeAt(0) & 0xf));
  const plain = latin.normalize('NFKC').replace(/\s/g, '');
  return /^\d{6}$/.test(plain) ? plain : null;
}

/** The time step this code belongs to, of those that count now; null: to none. All are compared, whichever is right. */
export function stepOfCode(key: Buffer, code: string, now: number): number | null {
  let found: number | null = null;
  for (let step = stepOf(now) - drift; step <= stepOf(now) + drift; step++)
    if (timingSafeEqual(Buffer.from(codeAt(key, step)), Buffer.from(code))) found = step;
  return found;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6, without padding: apps want none. */
export function base32(octets: Buffer): string {
  const bits = [...octets].map(o => o.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map(five => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** What a phone reads from the picture: the form that Google's app began and the others took over. */
export function keyUri(key: Buffer, { address, issuer }: { address: string; issuer: string }): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(address)}`;
  return `otpauth://totp/${label}?secret=${base32(key)}&issuer=${encodeURIComponent(issuer)}`;
}
