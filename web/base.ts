/**
 * The sub-path the site lives under (`base_path`): taken off what comes in, put before what goes out.
 * Everywhere else in the site a path is what it would be at the root of a host, so no page can forget it.
 */
import { createMiddleware } from 'hono/factory';
import { getPath } from 'hono/utils/url';
import type { Ctx, Env } from './site.ts';

/** Mail programs ask for these at the root of a host, whatever else is there. */
const AT_ROOT = /^\/(?:(?:\.well-known\/autoconfig\/)?mail\/config-v1\.1|[Aa]utodiscover\/[Aa]utodiscover)\.xml$/;

/** The path within the site that a request is for; null: it lies outside. */
export function pathWithin(base: string, path: string): string | null {
  if (base !== '' && AT_ROOT.test(path)) return path;
  if (base === '' || path === base) return path.slice(base.length) || '/';
  return path.startsWith(`${base}/`) ? path.slice(base.length) : null;
}

/** For hono's router. What lies outside gets a path that no request can have, and `withBase` answers it. */
export const pathBelow = (base: string) => (request: Request) => pathWithin(base, getPath(request)) ?? '/?';

/** This page with its query, within the site. */
export const hereOf = (c: Ctx): string => c.req.path + new URL(c.req.url).search;

const headers = ['Location', 'HX-Location', 'HX-Push-Url', 'HX-Redirect', 'HX-Replace-Url'];

/**
 * The attributes that hold a path; scripts find theirs in one whose name ends in `href`. No text of a mail or a
 * person can look like one: in it every quotation mark is `&quot;`.
 */
const paths = /(\s(?:[a-z-]*href|src|action|formaction|hx-get|hx-post)=")(?=\/(?!\/))/g;

export function withBase(base: string) {
  return createMiddleware<Env>(async (c, next) => {
    if (base === '') return next();
    if (pathWithin(base, getPath(c.req.raw)) === null)
      return c.text(`Nothing is here: this site begins at ${base}/\n`, 404);
    await next();
    for (const name of headers) {
      const path = c.res.headers.get(name);
      if (path?.startsWith('/') && !path.startsWith('//')) c.header(name, base + path);
    }
    if (isOurPage(c.res)) await rewrite(c, base);
  });
}

/** A document in a sandbox is made of somebody else's HTML: who makes it gives its paths the base. */
const isOurPage = ({ headers: h }: Response): boolean =>
  h.get('Content-Type')?.startsWith('text/html') === true &&
  !h.has('Content-Encoding') &&
  h.get('Content-Security-Policy')?.includes('sandbox') !== true;

/** A page of ours with its paths below `base`. */
export const rebased = (page: string, base: string): string => (base === '' ? page : page.replace(paths, `$1${base}`));

async function rewrite(c: Ctx, base: string): Promise<void> {
  const { status, headers: kept } = c.res;
  const page = rebased(await c.res.text(), base);
  c.res = undefined;
  c.res = new Response(page, { status, headers: kept });
}
