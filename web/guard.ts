/** What stands before every handler: who calls, from which page, over which wire, and the headers of every answer. */
import { isIP } from 'node:net';
import { createMiddleware } from 'hono/factory';
import { derived, type Settings } from '../daemon/config.ts';
import { isLoopback, plainAddress } from '../daemon/wire/ip.ts';
import { ipList } from '../daemon/wire/ip-pattern.ts';
import { plainRefusal } from '../views/login.ts';
import { speak } from './language.ts';
import { refuse } from './page.ts';
import { type Ctx, doorOf, type Env, type Site } from './site.ts';

/** Fills in who is calling, and the words to answer with. */
export function introduce(site: Site) {
  const proxies = derived(
    () => site.settings.trusted_proxy,
    addresses => ipList('selecting', addresses),
  );
  return createMiddleware<Env>(async (c, next) => {
    const { peer, isPrivate } = c.env?.cgi ? visitorOf(c, proxies()) : clientOf(site, c, proxies());
    c.set('peer', peer);
    c.set('private', isPrivate);
    speak(site, c, null);
    await next();
  });
}

type Client = { peer: string; isPrivate: boolean };

/** `cwmail cgi` writes one header, and appends who called the web server to the other. */
function visitorOf(c: Ctx, trusted: (address: string) => boolean): Client {
  const hops = c.req.header('X-Forwarded-For') ?? '';
  const nearest = plainAddress(hops.split(',').at(-1)?.trim() ?? '');
  const isHere = isLoopback(nearest) && !hops.includes(',');
  return {
    peer: forwardedFor(hops, trusted) || nearest,
    isPrivate: isHere || c.req.header('X-Forwarded-Proto') === 'https',
  };
}

function clientOf(site: Site, c: Ctx, trusted: (address: string) => boolean): Client {
  const socket = c.env?.incoming?.socket;
  const direct = plainAddress(socket?.remoteAddress ?? '');
  const proxied = trusted(direct);
  // A proxy on this machine is not a person on this machine: being trusted comes before being near.
  const publicHttps = site.settings.site_url.startsWith('https:');
  const overHttps = publicHttps && c.req.header('X-Forwarded-Proto') !== 'http';
  return {
    peer: proxied ? forwardedFor(c.req.header('X-Forwarded-For') ?? '', trusted) || direct : direct,
    isPrivate: socket?.encrypted === true || (proxied ? overHttps : isLoopback(direct)),
  };
}

/** The last address that no proxy of ours has written: what stands left of it, anybody may have made up. */
function forwardedFor(header: string, trusted: (address: string) => boolean): string {
  const hops = header.split(',').map(hop => plainAddress(hop.trim()));
  return hops.findLast(hop => isIP(hop) !== 0 && !trusted(hop)) ?? '';
}

/**
 * A request that changes something must come from a page of ours. Browsers say so by Origin and Sec-Fetch-Site;
 * whoever sends neither is no browser, and may pass only without a cookie, having then no authority to abuse.
 */
export function fromOwnPages(site: Site) {
  return createMiddleware<Env>(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const own = originOf(site.settings);
    const origin = c.req.header('Origin');
    const fetchSite = c.req.header('Sec-Fetch-Site');
    const sameOrigin = origin !== undefined && (origin === own || hostOf(origin) === c.req.header('Host'));
    const bare = origin === undefined && fetchSite === undefined && c.req.header('Cookie') === undefined;
    const sameSite = fetchSite === undefined || fetchSite === 'same-origin';
    if (bare || (sameSite && (sameOrigin || (origin === undefined && fetchSite === 'same-origin')))) return next();
    return refuse(site, c, { status: 403 });
  });
}

const originOf = (settings: Settings): string | null => (settings.site_url ? new URL(settings.site_url).origin : null);

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);

/** Pages that ask for a password are not given over a wire that others can read (DESIGN §7). */
export function privateOnly(site: Site) {
  return createMiddleware<Env>(async (c, next) => {
    if (c.var.private) return next();
    return c.html(plainRefusal(doorOf(site, c)), 403);
  });
}

const csp = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const withoutScript = csp.replace("script-src 'self'", "script-src 'none'");

/** A handler's own win: the message frame brings its policy along. Set before it runs, for each later one makes the answer anew. */
export const headersOfAll = createMiddleware<Env>(async (c, next) => {
  for (const [name, value] of Object.entries(usual)) c.header(name, value);
  await next();
  const policy = c.res.headers.get('Content-Security-Policy') ?? '';
  // Whoever wants none gets none, also those that a page brings for itself.
  if (policy === csp && c.var.account?.scripts === 'off') c.header('Content-Security-Policy', withoutScript);
  // A sandboxed document that carries this one is not shown at all (HTML §7.4.5).
  if (policy.includes('sandbox ')) c.header('Cross-Origin-Opener-Policy', undefined);
  if (policy.includes("frame-ancestors 'self'")) c.header('X-Frame-Options', 'SAMEORIGIN');
});

const usual = {
  'Content-Security-Policy': csp,
  'X-Content-Type-Options': 'nosniff',
  // Not no-referrer: by that a browser sends `Origin: null` with our own forms (Fetch §3.2), and they would be refused.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  'Cache-Control': 'no-store',
};
