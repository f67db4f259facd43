/**
 * Plain text as markup, and markup as plain text.
 *
 * textToHtml writes nothing a stranger sent without escaping it: links are found in the raw text, then every piece is
 * escaped on its own, so no rule of one step can undo the other. Both work in time linear in their input.
 */
import { html } from 'hono/html';
import { convert, type HtmlToTextOptions } from 'html-to-text';
import { LinkifyIt } from 'linkify-it';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { outwardLink, outwardUrl } from './link.ts';
import { marked } from './marked.ts';

/** Deeper marks stay visible as text. */
const DEEPEST_QUOTE = 8;
/** UTF-16 units of a line in which links are looked for, and of a whole text, and words of a search; what is beyond is plain. */
const LINKED_LINE = 4_096;
const LINKED_TEXT = 262_144;

/** What re-orders the characters after it: an address in such a line does not read as it leads (UAX #9 §2). */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/;
const UNSEEN = /[\p{Cc}\p{Cf}]/u;

// Bare `name.tld` is too often a file or the end of a sentence; `www.` is kept in linkOf.
const links = new LinkifyIt({ fuzzyLink: true }).add('ftp:', null).add('//', null);

type Line = { depth: number; text: string };

/**
 * A `<div class="text">` to be shown with `white-space: pre-wrap`, with the words of a search marked; quotes are
 * blockquotes, a signature has its class. `folding`: what to call the quote at the end, which is folded then.
 */
export function textToHtml(text: string, sought: readonly SearchWords[] = [], folding: string | null = null): string {
  const lines = text.split(/\r\n|\r|\n/).map(quoted);
  const fold = folding === null ? null : quoteAtEnd(lines);
  const out: string[] = [];
  let before: Line | null = null;
  let signed = false;
  let linkable = LINKED_TEXT;
  for (const [at, line] of lines.entries()) {
    if (at === fold?.from) {
      if (signed) out.push('</div>');
      signed = false;
      out.push(stepTo(0, before?.depth ?? 0), `<details class="quote"><summary>${escaped(folding!, [])}</summary>`);
      before = null;
    } else if (at === fold?.to) {
      out.push(stepTo(0, before?.depth ?? 0), '</details>');
      before = null;
    }
    if (before && before.depth === line.depth) out.push('\n');
    else {
      if (signed) out.push('</div>');
      signed = false;
      out.push(stepTo(line.depth, before?.depth ?? 0));
    }
    // RFC 3676 §4.3; many lose the space at its end.
    if (!signed && line.depth === 0 && /^-- ?$/.test(line.text)) {
      out.push('<div class="signature">');
      signed = true;
    }
    const beyond = linkable <= 0;
    out.push(beyond ? escaped(line.text, []) : linked(line.text, sought));
    linkable -= line.text.length;
    before = line;
  }
  out.push(signed ? '</div>' : '', stepTo(0, before?.depth ?? 0), fold && fold.to >= lines.length ? '</details>' : '');
  return `<div class="text">${out.join('')}</div>`;
}

/** A quote of fewer lines is read as quickly as passed over. */
const SHORT_QUOTE = 4;

/** Lines [from, to) of the quote behind which only a signature comes; null: there is none, or nothing before it. */
function quoteAtEnd(lines: Line[]): { from: number; to: number } | null {
  const signature = lines.findLastIndex(line => line.depth === 0 && /^-- ?$/.test(line.text));
  let to = lines.findLastIndex((line, at) => line.depth > 0 && (signature < 0 || at < signature)) + 1;
  if (to === 0 || lines.slice(to, signature < to ? undefined : signature).some(line => line.text.trim() !== ''))
    return null;
  let from = to - 1;
  while (from > 0 && (lines[from - 1]!.depth > 0 || lines[from - 1]!.text.trim() === '')) from--;
  while (from < to && lines[from]!.depth === 0) from++;
  if (to < lines.length && lines[to]!.text.trim() === '') to++;
  return from > 0 && to - from >= SHORT_QUOTE ? { from, to } : null;
}

function quoted(line: string): Line {
  let depth = 0;
  let at = 0;
  while (line[at] === '>' && depth < DEEPEST_QUOTE) {
    depth++;
    at += line[at + 1] === ' ' ? 2 : 1;
  }
  return { depth, text: line.slice(at) };
}

function stepTo(depth: number, from: number): string {
  return depth > from ? '<blockquote>'.repeat(depth - from) : '</blockquote>'.repeat(from - depth);
}

function linked(line: string, sought: readonly SearchWords[]): string {
  if (line.length > LINKED_LINE || REORDERING.test(line) || !/[:@]|www\./i.test(line)) return escaped(line, sought);
  let out = '';
  let from = 0;
  for (const { index, lastIndex, raw, url, schema } of links.match(line) ?? []) {
    const target = schema === '' && !/^www\./i.test(raw) ? null : outwardUrl(url);
    if (target === null || UNSEEN.test(raw)) continue;
    out += escaped(line.slice(from, index), sought) + linkOf(target, raw, sought);
    from = lastIndex;
  }
  return out + escaped(line.slice(from), sought);
}

function linkOf(url: string, text: string, sought: readonly SearchWords[]): string {
  return String(
    html`<a href="${url}" target="${outwardLink.target}" rel="${outwardLink.rel}">${marked(text, sought)}</a>`,
  );
}

function escaped(text: string, sought: readonly SearchWords[]): string {
  return String(html`${marked(text, sought)}`);
}

/** UTF-16 units, and tags, of what a reply may quote. The parser's time grows with the square of the open tags. */
const LONGEST_HTML = 262_144;
const MOST_TAGS = 10_000;

/**
 * Tables come out cell after cell, row under row. The package's own table layout is not used: it pads every row to the
 * widest and obeys colspan, so that a small mail can ask for any amount of memory.
 */
const READING: HtmlToTextOptions = {
  wordwrap: false,
  limits: { maxDepth: 100, ellipsis: '…' },
  selectors: [
    { selector: 'title', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table'].map(selector => ({ selector, format: 'block' })),
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    ...['td', 'th'].map(selector => ({ selector, format: 'inlineSurround', options: { suffix: '  ' } })),
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, noAnchorUrl: true } },
    // An image is what it says; its address helps nobody.
    { selector: 'img', options: { pathRewrite: () => '' } },
  ],
};

/** The words of a mail's HTML, for quoting in a reply and as the text alternative. Not markup: escape it to show it. */
export function htmlToText(markup: string): string {
  const lines = convert(beginning(markup), READING)
    .split('\n')
    .map(line => line.trimEnd());
  return lines
    .filter((line, at) => line !== '' || lines[at - 1] !== '')
    .join('\n')
    .trim();
}

function beginning(markup: string): string {
  const text = markup.slice(0, LONGEST_HTML);
  let at = text.indexOf('<');
  for (let tags = 0; at >= 0 && tags < MOST_TAGS; tags++) at = text.indexOf('<', at + 1);
  return at < 0 ? text : text.slice(0, at);
}
