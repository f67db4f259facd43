/** In which words an answer is written: of the account, of the choice made on the sign-in page, of the browser. */
import type { Account } from '../daemon/store.ts';
import { createWords, readerOf } from '../views/words.ts';
import { cookieOf, readCookie } from './cookie.ts';
import type { Ctx, Site } from './site.ts';

/** Null: nobody is signed in, or it is not known yet. */
export function speak(site: Site, c: Ctx, account: Account | null): void {
  const chosen = [account?.language ?? null, readCookie(site, c, 'language')];
  const reader = readerOf(chosen, c.req.header('Accept-Language') ?? '', site.settings.default_language);
  const zone = account?.zone || cookieOf(c, 'zone') || undefined;
  c.set('words', createWords(site.now(), { ...reader, zone }));
}
