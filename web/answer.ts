/** How a page leaves the site: its paths below the sub-path, and pressed where the browser takes it so. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { StatusCode } from 'hono/utils/http-status';
import type { Door } from '../views/layout.ts';
import type { Html } from '../views/words.ts';
import { rebased } from './base.ts';
import type { Ctx } from './site.ts';

const press = promisify(gzip);

/** Beyond this more work makes a page hardly smaller. */
const level = 5;
/** Octets; what fits into one packet gains nothing. */
const worthwhile = 1_000;

/** In a thread of zlib's, while the next page is made: pages are large, and press to a tenth. */
export async function answerPage(
  c: Ctx,
  { base }: Pick<Door, 'base'>,
  page: Html,
  status: StatusCode,
): Promise<Response> {
  const text = String(await page);
  c.header('Content-Type', 'text/html; charset=UTF-8');
  if (!isPressable(c) || text.length < worthwhile) return c.body(text, status as 200);
  c.header('Content-Encoding', 'gzip');
  c.header('Vary', 'Accept-Encoding', { append: true });
  return c.body(new Uint8Array(await press(rebased(text, base), { level })), status as 200);
}

/** A page of another site asked for it, or of another host of ours: by the length it could learn what stands in it (BREACH). */
export const isAskedFromOutside = (c: Ctx): boolean =>
  ['cross-site', 'same-site'].includes(c.req.header('Sec-Fetch-Site') ?? '');

const isPressable = (c: Ctx): boolean => !isAskedFromOutside(c) && isTaken(c.req.header('Accept-Encoding') ?? '');

const isTaken = (encodings: string): boolean => /(^|,)\s*gzip\s*(,|$|;(?!\s*q=0(\.0*)?\s*(,|$)))/i.test(encodings);
