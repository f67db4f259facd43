/**
 * What a list row shows of a message, computed once when it is delivered.
 *
 * It is given the header block, the part tree and the first 64 KB of each text part; every result is bounded,
 * stands on one line and holds nothing unseen. It never throws for what a message contains, reads no content
 * itself and judges nothing: a forged From is shown as it is written, with its address.
 */
import { type NamedAddress, parseAddressList } from './address.ts';
import { parseDate } from './date.ts';
import { type Header, readHeader } from './header.ts';
import { displayParts, type Part, partText, textParts, unflow } from './parts.ts';
import { htmlText } from './summary/html-text.ts';
import { snippetOf } from './summary/snippet.ts';

export { htmlText } from './summary/html-text.ts';
export { textParts };

/** What a list row shows; computed once, at delivery. */
export type Summary = {
  subject: string;
  fromName: string;
  fromAddress: string;
  /** Display text of To and Cc: names, else addresses, joined by a comma. */
  to: string;
  /** The Date field; null: absent or not a date. */
  date: number | null;
  /** First words of the text, white space folded, at most 200 characters. */
  snippet: string;
  /** Without the angle brackets; null: none. */
  messageId: string | null;
  inReplyTo: string | null;
  /** The ids of References, oldest first, at most 50. */
  references: string[];
  attachments: number;
};

/** The texts of a message, each kind joined; null: it has none of the kind. */
export type Texts = { plain: string | null; html: string | null };

const LONGEST_SUBJECT = 1_000;
const LONGEST_TO = 500;
const LONGEST_TEXT = 400_000;
const MOST_REFERENCES = 50;
/** With less plain text than this the HTML is likely to say more. */
export const SHORT_TEXT = 300;

/** The texts from the beginnings of the parts that `textParts` named. */
export function readTexts(found: { part: Part; bytes: Buffer }[]): Texts {
  const texts: Texts = { plain: null, html: null };
  for (const { part, bytes } of found) {
    const kind = part.type === 'text/html' ? 'html' : 'plain';
    const text = partText(part, bytes);
    const lines = part.flowed ? unflow(text, part.delSp) : text;
    texts[kind] = texts[kind] === null ? lines : `${texts[kind]}\n${lines}`;
  }
  return texts;
}

export function summarise(header: Buffer, root: Part, texts: Texts): Summary {
  const fields = readHeader(header);
  const from = parseAddressList(fields.get('from') ?? '');
  const recipients = [...fields.all('to'), ...fields.all('cc')].flatMap(parseAddressList);
  const plain = (texts.plain ?? '').slice(0, LONGEST_TEXT);
  const rich = texts.html !== null && plain.trim().length < SHORT_TEXT ? htmlText(texts.html) : '';
  return {
    subject: subjectOf(fields),
    fromName: (from[0]?.name ?? '').slice(0, LONGEST_TO),
    fromAddress: (from[0]?.address ?? '').slice(0, LONGEST_TO),
    to: peopleText(recipients),
    date: parseDate(fields.get('date') ?? ''),
    snippet: snippetOf(plain) || snippetOf(rich),
    ...threadOf(fields),
    attachments: displayParts(root).attachments.length,
  };
}

/** The subject as lists and search know it. */
export const subjectOf = (fields: Header): string => fields.text('subject').slice(0, LONGEST_SUBJECT).toWellFormed();

function peopleText(people: NamedAddress[]): string {
  let text = '';
  for (const { name, address } of people) {
    if (text.length > LONGEST_TO) break;
    text += `${text === '' ? '' : ', '}${name || address}`;
  }
  return text.slice(0, LONGEST_TO).toWellFormed();
}

function threadOf(fields: Header): Pick<Summary, 'messageId' | 'inReplyTo' | 'references'> {
  const references = idsOf(fields.text('references'));
  // A long thread keeps its root and its latest: those are what a later message names.
  if (references.length > MOST_REFERENCES) references.splice(1, references.length - MOST_REFERENCES);
  const own = fields.text('message-id');
  return {
    messageId: idsOf(own)[0] ?? bareId(own),
    inReplyTo: idsOf(fields.text('in-reply-to'))[0] ?? null,
    references,
  };
}

/** The `<…>` of RFC 5322 §3.6.4, without the brackets. */
export function idsOf(value: string): string[] {
  if (value === '') return [];
  return Array.from(value.matchAll(/<([^<>\s]{1,998})>/g), found => found[1]!);
}

/** Some mailers forget the brackets. */
const bareId = (value: string): string | null => (/^[^<>\s]{1,998}$/.test(value) ? value : null);
