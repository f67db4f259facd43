import { codeAt, stepOf } from '../daemon/auth/totp.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The app on a phone, that was given this key by hand: in base32, with spaces. */
export function authenticator(typed: string) {
  const bits = [...typed.replaceAll(' ', '')].map(c => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map(eight => Number.parseInt(eight, 2)));
  return { code: (now: number) => codeAt(key, stepOf(now)) };
}

/** A code that is wrong for a while. */
export function wrongCode(app: ReturnType<typeof authenticator>, now: number): string {
  const right = [-30_000, 0, 30_000].map(ms => app.code(now + ms));
  for (let n = 0; ; n++) if (!right.includes(String(n).padStart(6, '0'))) return String(n).padStart(6, '0');
}

export const keyIn = (html: string): string => /<dd class="secret"[^>]*>([A-Z2-7 ]+)</.exec(html)![1]!;
export const tokenIn = (html: string): string => /name="token" value="([^"]+)"/.exec(html)![1]!;
/** Codes or a password that a page shows once. */
export const secretsIn = (html: string): string[] =>
  [...html.matchAll(/class="secret"[^>]*>((?:[a-z]{4} ){4}[a-z]{4})</g)].map(m => m[1]!);
