/**
 * Signs beyond Latin-1 as references, where they are few: one curly quote would make the whole page twice as wide in
 * memory (V8), and as long to join and to encode.
 */
import { html } from 'hono/html';
import { trusted } from './safe-html.ts';
import type { Html } from './words.ts';

const wide = /[^\0-\xff]/u;
const everyWide = /[^\0-\xff]/gu;
/** UTF-16 units to each such sign, and those that any text may have besides; of what is written in them, they stay. */
const unitsEach = 16;
const more = 4;

/** Also in an attribute or a title; what is text is escaped here. */
export const narrow = (text: Html | string): Html | string =>
  wide.test(String(text)) ? trusted(narrowed(String(html`${text}`))) : text;

export function narrowed(markup: string): string {
  const count = markup.match(everyWide)?.length ?? 0;
  if (count === 0 || count > markup.length / unitsEach + more) return markup;
  return made(markup.replace(everyWide, sign => `&#${sign.codePointAt(0)};`));
}

/** The beginning of a text, which is as wide as what stands in it. */
export function beginning(text: string, most: number): string {
  if (text.length <= most) return text;
  const begun = text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  return wide.test(begun) || !wide.test(text) ? begun : made(begun);
}

/** V8 keeps what is cut or replaced in a wide string as wide as that was. */
const made = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
