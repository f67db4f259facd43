/** Browsers that are not asked for a code: a random value in a cookie, its row in the store. */
import { readCookie, writeCookie } from './cookie.ts';
import type { Ctx, Site } from './site.ts';

const lastsMs = 30 * 86_400_000;
/** Accounts that one browser is trusted with, the latest first. */
const mostAccounts = 5;

/** What this browser holds; whether it counts, and for whom, the daemon says. */
export function trustedIn(site: Site, c: Ctx): string[] {
  const held = readCookie(site, c, 'trusted') ?? '';
  return held
    .slice(0, 500)
    .split('.')
    .filter(secret => /^[\w-]{43}$/.test(secret))
    .slice(0, mostAccounts);
}

/** A new value each time, so that one planted before is worth nothing. */
export async function trustBrowser(site: Site, c: Ctx, accountId: number, sessionId: number): Promise<void> {
  const secret = site.random(32);
  const at = site.now();
  await site.store.trustedBrowsers.trust(secret, {
    ...{ accountId, sessionId, at, expiresAt: at + lastsMs },
    ...{ address: c.var.peer, agent: (c.req.header('User-Agent') ?? '').slice(0, 200) },
  });
  const held = [secret, ...trustedIn(site, c)].slice(0, mostAccounts);
  writeCookie(site, c, 'trusted', held.join('.'), lastsMs / 1000);
}
