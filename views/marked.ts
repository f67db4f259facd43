/** Text with the words of a search marked. Every piece is escaped by itself: a mark never opens or ends inside one. */
import { html } from 'hono/html';
import { hitRanges } from '../daemon/mail/search-hits.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { type Html, inOrder } from './words.ts';

export function marked(written: string, sought: readonly SearchWords[]): Html | string {
  const text = inOrder(written);
  const ranges = hitRanges(text, sought);
  if (ranges.length === 0) return text;
  const pieces: (Html | string)[] = [];
  let at = 0;
  for (const { from, to } of ranges) {
    pieces.push(text.slice(at, from), html`<mark>${text.slice(from, to)}</mark>`);
    at = to;
  }
  pieces.push(text.slice(at));
  return html`${pieces}`;
}
