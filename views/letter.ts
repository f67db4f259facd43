/**
 * A letter's markup and its text: the one made of the other, the signature in its place, whose words are quoted,
 * and what of it leaves the house. Markup given here is safeLetter's.
 */
import { html } from 'hono/html';
import { trimEndOf } from '../daemon/mail/header.ts';
import { htmlToText } from './text.ts';

/** Deeper marks stay visible as text. */
const DEEPEST_QUOTE = 8;

/** Lines as blocks, quotes as blockquotes; behind the line of two hyphens the signature, to the next empty line. */
export function textToLetter(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let signed = false;
  for (const line of trimEndOf(text.replace(/\r\n?/g, '\n'), /\n/).split('\n')) {
    const { deep, said } = unquoted(line);
    if (signed && (deep > 0 || said === '')) {
      out.push('</div>');
      signed = false;
    }
    out.push('<blockquote class="quote">'.repeat(Math.max(0, deep - depth)));
    out.push('</blockquote>'.repeat(Math.max(0, depth - deep)));
    if (deep === 0 && /^-- ?$/.test(said) && !signed) {
      out.push('<div class="signature">');
      signed = true;
    }
    out.push(block(said));
    depth = deep;
  }
  out.push(signed ? '</div>' : '', '</blockquote>'.repeat(depth));
  return out.join('');
}

function unquoted(line: string): { deep: number; said: string } {
  let deep = 0;
  let at = 0;
  while (line[at] === '>' && deep < DEEPEST_QUOTE) {
    deep++;
    at += line[at + 1] === ' ' ? 2 : 1;
  }
  return { deep, said: line.slice(at) };
}

const block = (line: string): string => (line === '' ? '<div><br></div>' : String(html`<div>${line}</div>`));

/** Null: there is none. */
export function signatureLetter(signature: { signature: string; signatureHtml: string }): string | null {
  if (signature.signatureHtml !== '') return `<div class="signature"><div>-- </div>${signature.signatureHtml}</div>`;
  return signature.signature === '' ? null : `<div class="signature">${blocks(`-- \n${signature.signature}`)}</div>`;
}

/** Lines as blocks, and nothing else. */
export const blocks = (text: string): string => text.split('\n').map(block).join('');

/** What is answered, below the line that says whose words they are. */
export const answeredLetter = (head: string, quoted: string): string =>
  `${blocks(head)}<blockquote class="quote">${quoted}</blockquote><div><br></div>`;

/** What is passed on, below lines that say what it was; it is no quote. */
export const passedOnLetter = (head: string, passed: string): string => `${blocks(head)}<div><br></div>${passed}`;

/** What a letter says, for those who read text: quotes marked, lists and links written out. */
export function letterText(markup: string): string {
  const text = htmlToText(markup);
  // RFC 3676 §4.3: the line that begins a signature ends with a blank.
  return text === '' ? '' : `${text.replace(/^--$/gm, '-- ')}\n`;
}

/** An image as safeLetter writes it: within, no sign of a tag stands unescaped. */
const IMAGES = /<img [^<>]*>/g;

/** Labels of the images in it. */
export function labelsIn(markup: string | null): Set<string> {
  const images = (markup ?? '').match(IMAGES) ?? [];
  return new Set(images.flatMap(image => / src="cid:([a-z0-9-]+)"/.exec(image)?.[1] ?? []));
}

/** Of texts that have no files of their own. */
export const withoutPictures = (markup: string): string =>
  markup.replace(IMAGES, image => (/ data-remote="/.test(image) ? image : ''));

/**
 * The files of a letter: those within its text, and those beside it. In plain text what was put into the text is
 * beside it; what was only quoted is not sent at all, nor is an image that was taken out again.
 */
export function filesOf<U extends { label: string }>(
  markup: string | null,
  uploads: U[],
): { within: U[]; beside: U[] } {
  const labels = labelsIn(markup);
  const within = uploads.filter(u => u.label !== '' && labels.has(u.label));
  const beside = uploads.filter(u => u.label === '' || (markup === null && !isQuoted(u.label)));
  return { within, beside };
}

/** The label of an image in a quote: the part of the mail it is. */
export const quotedLabel = (partId: string): string => `related-${(partId || '1').replaceAll('.', '-')}`;
export const isQuoted = (label: string): boolean => label.startsWith('related-');
export const quotedPart = (label: string): string => label.slice('related-'.length).replaceAll('-', '.');

/** As it leaves the house: images within it by their Content-IDs, those elsewhere by their addresses. */
export function leavingLetter(markup: string, contentIds: ReadonlyMap<string, string>): string {
  return markup.replace(IMAGES, image =>
    image
      .replace(/ src="cid:([a-z0-9-]+)"/, (_, label: string) => {
        const id = contentIds.get(label);
        return id === undefined ? '' : ` src="cid:${id}"`;
      })
      .replace(' data-remote="', ' src="'),
  );
}
