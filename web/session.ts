/** Being signed in: a random value in a cookie, its row in the store; every signed-in request is looked up here. */
import { createMiddleware } from 'hono/factory';
import type { Store } from '../daemon/store.ts';
import { hereOf } from './base.ts';
import { dropCookie, readCookie, writeCookie } from './cookie.ts';
import { speak } from './language.ts';
import { isLetter, signInAgain } from './resume.ts';
import type { Ctx, Env, Site } from './site.ts';
import { trustedIn } from './trusted.ts';

const day = 86_400_000;
const lasts = 30 * day;
/** Writing the time of each click would make every page a write; the list of devices says so many minutes. */
export const touchEvery = 10 * 60_000;

type Make = (...made: Parameters<Store['sessions']['create']>) => Promise<number | null>;

/** By all that is asked for. Answers the session's id. */
export const signIn = async (site: Site, c: Ctx, accountId: number): Promise<number> =>
  (await begin(site, c, accountId, site.store.sessions.create))!;

/** By the password, in a browser that may be trusted. False: a code has come to be asked for meanwhile. */
export const signInByPassword = async (site: Site, c: Ctx, accountId: number): Promise<boolean> => {
  const { createByPassword } = site.store.sessions;
  const id = await begin(site, c, accountId, (secret, s) => createByPassword(secret, s, trustedIn(site, c)));
  return id !== null;
};

/** A new value at each sign-in, so that one planted before is worth nothing. */
async function begin(site: Site, c: Ctx, accountId: number, make: Make): Promise<number | null> {
  await forget(site, c);
  const secret = site.random(32);
  const at = site.now();
  const id = await make(secret, {
    accountId,
    at,
    expiresAt: at + lasts,
    address: c.var.peer,
    agent: (c.req.header('User-Agent') ?? '').slice(0, 200),
  });
  if (id === null) return null;
  writeCookie(site, c, 'session', secret, lasts / 1000);
  writeCookie(site, c, 'known', '1', (365 * day) / 1000);
  const trusted = trustedIn(site, c);
  if (trusted.length > 0) await site.store.trustedBrowsers.signedIn(accountId, trusted, id);
  return id;
}

export async function endSession(site: Site, c: Ctx): Promise<void> {
  await forget(site, c);
  dropCookie(site, c, 'session');
}

async function forget(site: Site, c: Ctx): Promise<void> {
  const secret = readCookie(site, c, 'session');
  if (secret) await site.store.sessions.remove(secret);
}

/** Puts account and session into the request; false: nobody is signed in. */
export async function recognise(site: Site, c: Ctx): Promise<boolean> {
  const secret = readCookie(site, c, 'session');
  if (!secret || secret.length > 100) return false;
  const now = site.now();
  const session = await site.store.sessions.find(secret, now);
  const account = session && (await site.store.accounts.byId(session.accountId));
  if (!session || !account || account.disabled) return false;
  if (now - session.seenAt > touchEvery) await site.store.sessions.touch(session.id, now, now + lasts);
  c.set('session', session);
  c.set('account', account);
  if (account.language !== '' || account.zone !== '') speak(site, c, account);
  return true;
}

/** Lets only the signed in pass; the others are sent to sign in and brought back after. */
export function signedInOnly(site: Site) {
  return createMiddleware<Env>(async (c, next) => {
    if (await recognise(site, c)) return next();
    const wanted = c.req.method === 'GET' ? hereOf(c) : '/';
    const goal = wanted === '/' ? '/login' : `/login?next=${encodeURIComponent(wanted)}`;
    // What is being written must stay on the screen: the page says so, and nothing of it is exchanged.
    if (c.req.header('HX-Request') === 'true' && c.req.path.startsWith('/drafts')) return c.body(null, 401);
    // htmx would follow a redirect and put the sign-in page into a pane.
    if (c.req.header('HX-Request') === 'true') return c.body(null, 200, { 'HX-Redirect': goal });
    return (isLetter(c) && (await signInAgain(site, c))) || c.redirect(goal, 303);
  });
}

/** Longer than any link here, and as long as a server takes one. */
const longestPath = 16_000;

/** A path of this site and nothing else: no scheme, no other host. */
export function ownPath(wanted: string | undefined, otherwise: string): string {
  if (!wanted?.startsWith('/') || wanted.length > longestPath || /[\\\p{Cc}]/u.test(wanted)) return otherwise;
  const url = URL.canParse(wanted, 'http://local') ? new URL(wanted, 'http://local') : null;
  return url?.origin === 'http://local' && !url.pathname.startsWith('//') ? url.pathname + url.search : otherwise;
}
