/** Our cookies: HttpOnly, SameSite=Lax, and with the `__Host-` prefix where the site is https. */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Ctx, Site } from './site.ts';

type Name = 'session' | 'notice' | 'known' | 'language' | 'half' | 'trusted';

const isHttps = (site: Site): boolean => site.settings.site_url.startsWith('https:');

/** Two sites under one host differ by their sub-path; the prefix `__Host-` wants the path to be `/` for both. */
function fullName(site: Site, name: Name): string {
  const own = name + site.settings.base_path.replaceAll('/', '-');
  return isHttps(site) ? `__Host-${own}` : own;
}

export const readCookie = (site: Site, c: Ctx, name: Name): string | null => getCookie(c, fullName(site, name)) ?? null;

/** `seconds` 0: until the browser closes. */
export function writeCookie(site: Site, c: Ctx, name: Name, value: string, seconds: number): void {
  setCookie(c, fullName(site, name), value, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: isHttps(site),
    ...(seconds > 0 ? { maxAge: seconds } : {}),
  });
}

export const dropCookie = (site: Site, c: Ctx, name: Name): void => {
  deleteCookie(c, fullName(site, name), { path: '/', secure: isHttps(site) });
};

/** What the page's script sets: the time zone, because no header tells it, and how wide the list is in this browser. */
export const cookieOf = (c: Ctx, name: 'zone' | 'list'): string | null => getCookie(c, name) ?? null;

/** Once it ran in this browser, the time zone is known. */
export const hasScript = (c: Ctx): boolean => cookieOf(c, 'zone') !== null;
