import { html } from 'hono/html';

/**
 * Folds the quote a mail ends with, so that an answer is read without what it answers. It works on what `clean` made,
 * where each `<` begins a tag and each element is closed; native folding, so nothing in the frame needs script.
 */
export function foldQuote(safe: string, label: string): string {
  const quote = lastQuote(safe);
  // Not what stands between answers, and not a mail that is nothing but a quote.
  if (!quote || hasWords(safe.slice(quote.to)) || !hasWords(safe.slice(0, quote.from))) return safe;
  const summary = `<details class="cw-quote"><summary>${html`${label}`}</summary>`;
  return `${safe.slice(0, quote.from)}${summary}${safe.slice(quote.from, quote.to)}</details>${safe.slice(quote.to)}`;
}

/** The last outermost one. */
function lastQuote(safe: string): { from: number; to: number } | null {
  let depth = 0;
  let from = 0;
  let found: { from: number; to: number } | null = null;
  for (const tag of safe.matchAll(/<(\/?)blockquote\b[^<>]*>/g)) {
    if (tag[1] === '') {
      if (depth++ === 0) from = tag.index;
    } else if (depth > 0 && --depth === 0) found = { from, to: tag.index + tag[0].length };
  }
  return depth === 0 ? found : null;
}

const hasWords = (safe: string): boolean =>
  /[^\s\u200b\ufeff]/.test(safe.replace(/<style>[^<]*<\/style>|<[^<>]*>/g, '').replace(/&nbsp;|&#160;/g, ' '));
