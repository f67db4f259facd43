/**
 * The text that search finds a message by: subject, people, all its texts and the names of its files.
 *
 * It is given the header block, the part tree and a way to read octets of the content, and reads no more of it than
 * `longestIndexed`. What is shown comes first, then attached texts and the texts of attached messages. It never throws
 * for what a message contains; splitting into words is mail/words.ts.
 */
import { parseAddressList } from './address.ts';
import { readHeader } from './header.ts';
import { displayParts, type Part, partText, unflow } from './parts.ts';
import { htmlText, SHORT_TEXT, subjectOf } from './summary.ts';

/** The texts the full-text index keeps the words of; `files` are the names of attached ones. */
export type IndexText = { subject: string; from: string; to: string; cc: string; files: string; body: string };

/**
 * Octets of texts, as they lie in the content, that are read of one message: a book of 150,000 words. The row of the
 * index is one statement, and nobody waits for it longer than for a large write.
 */
export const longestIndexed = 1024 * 1024;

/** `read` answers octets [from, to) of the content. */
export function indexText(header: Buffer, root: Part, read: (from: number, to: number) => Buffer): IndexText {
  const fields = readHeader(header);
  const people = (name: string) => {
    const list = fields.all(name).flatMap(parseAddressList);
    return list.map(a => `${a.name} ${a.address}`).join(' ');
  };
  const reader = new TextReader(read);
  const { shown, html, attached } = searchedParts(root);
  let body = reader.texts(shown);
  if (body.trim().length < SHORT_TEXT) body += ` ${reader.texts(html)}`;
  body += ` ${reader.texts(attached)}`;
  const files = fileNames(root).join('\n');
  return { subject: subjectOf(fields), from: people('from'), to: people('to'), cc: people('cc'), files, body };
}

/** `html`: what a mail with next to no plain text says in its other version; no part is in two of the lists. */
function searchedParts(root: Part): { shown: Part[]; html: Part[]; attached: Part[] } {
  const { text, html, attachments } = displayParts(root);
  const shown = new Set(text);
  const more = new Set(html.filter(part => !shown.has(part)));
  const attached = attachments.flatMap(textsOf).filter(part => !shown.has(part) && !more.has(part));
  return { shown: [...shown], html: [...more], attached: [...new Set(attached)] };
}

/** The texts in an attached part: itself, or those of an attached message. */
function textsOf(part: Part): Part[] {
  if (part.type.startsWith('text/')) return [part];
  return part.parts.flatMap(inner => {
    const { text, attachments } = displayParts(inner);
    return [...text, ...attachments.flatMap(textsOf)];
  });
}

function fileNames(part: Part): string[] {
  return [...(part.name === null ? [] : [part.name]), ...part.parts.flatMap(fileNames)];
}

class TextReader {
  readonly #read: (from: number, to: number) => Buffer;
  #room = longestIndexed;

  constructor(read: (from: number, to: number) => Buffer) {
    this.#read = read;
  }

  texts(parts: Part[]): string {
    return parts.map(part => this.#text(part)).join('\n');
  }

  #text(part: Part): string {
    const octets = Math.min(part.bodyTo - part.bodyFrom, this.#room);
    if (octets <= 0) return '';
    this.#room -= octets;
    const text = partText(part, this.#read(part.bodyFrom, part.bodyFrom + octets));
    if (part.type === 'text/html') return htmlText(text, longestIndexed);
    return part.flowed ? unflow(text, part.delSp) : text;
  }
}
