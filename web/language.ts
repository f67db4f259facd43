/** In which words an answer is written: of the account, of the choice made on the sign-in page, of the browser. */
import type { Account } from '../daemon/store.ts';
import { createWords, isLanguage, type Language, readerOf } from '../views/words.ts';
import { cookieOf, readCookie, writeCookie } from './cookie.ts';
import type { Ctx, Site } from './site.ts';

const yearSeconds = 365 * 86_400;

/** The language of the pages before one is signed in, on this device. */
export const keepLanguage = (site: Site, c: Ctx, wanted: Language): void =>
  writeCookie(site, c, 'language', wanted, yearSeconds);

export function languageKept(site: Site, c: Ctx): Language | null {
  const kept = readCookie(site, c, 'language') ?? '';
  return isLanguage(kept) ? kept : null;
}

/** Null: nobody is signed in, or it is not known yet. */
export function speak(site: Site, c: Ctx, account: Account | null): void {
  const chosen = [account?.language ?? null, languageKept(site, c)];
  const reader = readerOf(chosen, c.req.header('Accept-Language') ?? '', site.settings.default_language);
  const zone = account?.zone || cookieOf(c, 'zone') || undefined;
  c.set('words', createWords(site.now(), { ...reader, zone }));
}
