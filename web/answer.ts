/** How a page leaves the site: its paths below the sub-path, and pressed where the browser takes it so. */
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import type { StatusCode } from 'hono/utils/http-status';
import type { Door } from '../views/layout.ts';
import type { Html } from '../views/words.ts';
import { rebased } from './base.ts';
import type { Ctx } from './site.ts';

const pressAside = promisify(gzip);

/** Half the work of the next level that is smaller, for a fifteenth more (docs/decisions.md). */
const level = 3;
/** Octets; what fits into one packet gains nothing. */
const worthwhile = 1_000;
/** Octets of a page that is pressed on the spot: to hand it to a thread of zlib's and take it back costs as much. */
const mostOnTheSpot = 256 * 1024;

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
  return c.body(await pressed(Buffer.from(rebased(text, base))), status as 200);
}

const pressed = (page: Buffer) =>
  page.length <= mostOnTheSpot ? gzipSync(page, { level }) : pressAside(page, { level });

/** A page of another site asked for it, or of another host of ours: by the length it could learn what stands in it (BREACH). */
export const isAskedFromOutside = (c: Ctx): boolean =>
  ['cross-site', 'same-site'].includes(c.req.header('Sec-Fetch-Site') ?? '');

const isPressable = (c: Ctx): boolean => !isAskedFromOutside(c) && isTaken(c.req.header('Accept-Encoding') ?? '');

const isTaken = (encodings: string): boolean => /(^|,)\s*gzip\s*(,|$|;(?!\s*q=0(\.0*)?\s*(,|$)))/i.test(encodings);
