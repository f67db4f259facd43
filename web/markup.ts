/** Letters in markup: made of what was typed as text, and of the mail that is answered or passed on. */
import type { Content } from '../daemon/store.ts';
import { quotedLabel, signatureLetter, textToLetter } from '../views/letter.ts';
import { quotable } from '../views/safe-html.ts';
import { type Author, signed } from './author.ts';
import { type Bodies, isInlineImage } from './bodies.ts';
import type { Begun } from './letter.ts';

/** What a mail says, as a letter may quote it; its images are named by their parts. */
export async function quotedMarkup(bodies: Bodies, content: Content): Promise<string> {
  const shown = bodies.display(content);
  if (!shown) return '';
  const label = (id: string): string | null => {
    const part = shown.inline.get(id);
    return part && isInlineImage(part.type) ? quotedLabel(part.id) : null;
  };
  const pieces: string[] = [];
  for (const part of shown.html) {
    const { text } = await bodies.text(content, [part]);
    pieces.push(part.type === 'text/html' ? await quotable(text, label) : textToLetter(text));
  }
  return pieces.join('<hr>');
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
