import { decodeEntities } from './entities.ts';

/** More HTML than this adds nothing to a snippet. */
const LONGEST = 400_000;

/** What is between these is not text; `head` is left only if it ends somewhere. */
const DROPPED = new Set([
  'style',
  'script',
  'head',
  'title',
  'template',
  'noscript',
  'svg',
  'math',
  'object',
  'select',
  'textarea',
]);
/** These end a line or a cell; every other tag stands inside a word or not. */
const BREAKING =
  /^(?:address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|html|legend|li|main|nav|ol|option|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul)$/;

/**
 * The text of HTML, for snippet and index only: a quick guess that shows nothing and trusts nothing. Lines
 * inside `blockquote` begin with `> `, as in plain text. One pass, each search result used once.
 */
export function htmlText(html: string, longest = LONGEST): string {
  const source = html.slice(0, longest);
  const reader = new Reader(source);
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('<', at);
    reader.text(at, open < 0 ? source.length : open);
    if (open < 0) break;
    at = reader.tag(open);
  }
  return reader.finish();
}

class Reader {
  readonly #source: string;
  /** The same length as the source: only ASCII letters change. */
  readonly #lower: string;
  readonly #unclosed = new Set<string>();
  #lines: string[] = [];
  #line: string[] = [];
  #quotes = 0;

  constructor(source: string) {
    this.#source = source;
    this.#lower = source.replace(/[A-Z]+/g, letters => letters.toLowerCase());
  }

  text(from: number, to: number): void {
    if (to > from) this.#line.push(this.#source.slice(from, to));
  }

  /** Takes what begins with the `<` at `open`; answers the place behind it. */
  tag(open: number): number {
    if (this.#source.startsWith('<!--', open)) return this.#behind('-->', open + 4);
    const name = /^<(\/?)([a-z][a-z0-9]*)/.exec(this.#lower.slice(open, open + 20));
    const next = this.#lower.charCodeAt(open + 1);
    if (name === null) {
      if (next === 0x21 || next === 0x3f || next === 0x2f) return this.#behind('>', open + 1);
      this.text(open, open + 1);
      return open + 1;
    }
    const end = this.#endOfTag(open + name[0].length);
    const closing = name[1] === '/';
    if (!closing && DROPPED.has(name[2]!)) return this.#behindElement(name[2]!, end);
    if (BREAKING.test(name[2]!)) this.#break();
    if (name[2] === 'blockquote') this.#quotes = Math.max(0, this.#quotes + (closing ? -1 : 1));
    return end;
  }

  finish(): string {
    this.#break();
    return this.#lines.join('\n');
  }

  #break(): void {
    const line = decodeEntities(this.#line.join('')).replace(/\s+/g, ' ').trim();
    this.#line = [];
    if (line !== '') this.#lines.push(this.#quotes > 0 ? `> ${line}` : line);
  }

  /** A search that failed once fails for the rest of the source, and is not made again. */
  #find(what: string, from: number): number {
    if (this.#unclosed.has(what)) return -1;
    const found = this.#lower.indexOf(what, from);
    if (found < 0) this.#unclosed.add(what);
    return found;
  }

  #behind(what: string, from: number): number {
    const found = this.#find(what, from);
    return found < 0 ? this.#source.length : found + what.length;
  }

  #behindElement(name: string, from: number): number {
    const found = this.#find(`</${name}`, from);
    if (found >= 0) return this.#behind('>', found);
    return name === 'style' || name === 'script' ? this.#source.length : from;
  }

  /** The place behind the `>` of a tag, past quoted attribute values; a quote that never ends is none. */
  #endOfTag(from: number): number {
    let afterEquals = false;
    for (let at = from; at < this.#source.length; at++) {
      const c = this.#source[at]!;
      if (c === '>') return at + 1;
      const close = afterEquals && (c === '"' || c === "'") ? this.#find(c, at + 1) : -1;
      if (close >= 0) at = close;
      afterEquals = c === '=' || (afterEquals && c === ' ');
    }
    return this.#source.length;
  }
}
