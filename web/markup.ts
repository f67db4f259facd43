/** Letters in markup: made of what was typed as text, and of the mail that is answered or passed on. */
import type { Content } from '../daemon/store.ts';
import { blocks, letterText, quotedLabel, signatureLetter, textToLetter, withoutPictures } from '../views/letter.ts';
import { quotable, safeLetter } from '../views/safe-html.ts';
import { htmlToText } from '../views/text.ts';
import { type Author, signed } from './author.ts';
import { type Bodies, isInlineImage } from './bodies.ts';
import { type Form, FormError } from './form.ts';
import type { Begun } from './letter.ts';

/** What a mail says, as a letter may quote it; its images are named by their parts. */
export async function quotedMarkup(bodies: Bodies, content: Content): Promise<string> {
  const shown = bodies.display(content);
  if (!shown) return '';
  const label = (id: string): string | null => {
    const part = shown.inline.get(id);
    return part && isInlineImage(part.type) ? quotedLabel(part.id) : null;
  };
  const packed = await bodies.packed(content, shown);
  if (packed) return packed.type === 'text/html' ? await quotedHtml(packed.text, label) : textToLetter(packed.text);
  const pieces: string[] = [];
  for (const part of shown.html) {
    const { text } = await bodies.text(content, [part]);
    pieces.push(part.type === 'text/html' ? await quotedHtml(text, label) : textToLetter(text));
  }
  return pieces.join('<hr>');
}

/** What cannot be prepared within its limits is answered all the same: then its words are quoted. */
async function quotedHtml(text: string, label: (contentId: string) => string | null): Promise<string> {
  try {
    return await quotable(text, label);
  } catch {
    return textToLetter(htmlToText(text));
  }
}

/** What was typed, as markup. What stands untouched below it, and the signature, are put in as they are in markup. */
export async function typedMarkup(text: string, { author, below, belowMarkup }: Begun): Promise<string> {
  const whole = text.trimEnd();
  const tail = below.trimEnd();
  if (tail === '' || !whole.endsWith(tail)) return signedMarkup(text, author);
  return signedMarkup(whole.slice(0, whole.length - tail.length), author) + (await belowMarkup());
}

function signedMarkup(text: string, author: Author): string {
  const block = signed(author.signature).trimEnd();
  const at = block === '' ? -1 : text.lastIndexOf(block);
  if (at < 0) return textToLetter(text);
  return (
    textToLetter(text.slice(0, at)) + (signatureLetter(author) ?? '') + textToLetter(text.slice(at + block.length))
  );
}

/** What a form holds of a text that may have formatting, safe. Null: it is plain, or is to be from now on. */
export async function markupIn(form: Form): Promise<string | null> {
  if (!form.has('html') || form.has('plain')) return null;
  try {
    return await safeLetter(form.get('html'));
  } catch {
    throw new FormError(413);
  }
}

/** A text that is kept by itself, in both versions; pictures need a draft to lie in. */
export async function writtenText(form: Form, name: string): Promise<{ text: string; html: string | null }> {
  const markup = await markupIn(form);
  const html = markup === null ? null : withoutPictures(markup);
  // Going on as plain text: what the markup says is what there is.
  const said = form.has('plain') ? letterText(await safeLetter(form.get('html'))) : form.get(name);
  return { text: html === null ? said : letterText(html), html };
}

/** A kept text below one's own words, above the signature and what is answered. */
export function withReply(text: string, reply: string): string {
  const at = text.search(/(?:^|\n)(?:-- \n|-{5,}|[^\n]+\n> ?)/);
  const [own, rest] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
  const before = own.trimEnd();
  return `${before === '' ? '' : `${before}\n\n`}${reply.trimEnd()}\n${rest === '' ? '' : `\n${rest.replace(/^\n+/, '')}`}`;
}

export function withReplyMarkup(markup: string, reply: { text: string; html: string | null }): string {
  const put = reply.html ?? blocks(reply.text.trimEnd());
  const at = markup.search(/<div class="signature">|<blockquote class="quote">/);
  return at < 0 ? `${markup}${put}` : `${markup.slice(0, at)}${put}${markup.slice(at)}`;
}
