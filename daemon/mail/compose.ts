/**
 * Builds the content of a letter that a person wrote here, as a stream: attachments of any size cost no memory.
 *
 * On nodemailer's MailComposer, with files and URLs out of its reach. There is no Bcc to give it, so none can
 * leak. Names and subject are put on one line and encoded; an address that is none is a mistake of the caller
 * and throws. Attachments come out octet for octet. It sends nothing and stores nothing.
 */
import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import { formatAddress, type NamedAddress, parseAddress } from './address.ts';
import { flow } from './compose/flow.ts';
import { letterDate } from './date.ts';
import { encodedWords } from './encoded-words.ts';
import { cleanText } from './header.ts';

export {
  type AnswerTo,
  forwardSubject,
  quoteText,
  replyRecipients,
  replyReferences,
  replySubject,
} from './compose/answer.ts';

export type Attachment = {
  name: string;
  type: string;
  size: number;
  /** Read once, when its turn comes. */
  content: AsyncIterable<Buffer> | (() => AsyncIterable<Buffer>);
  /** The markup shows it as `cid:` and this (RFC 2392); absent: it is a file beside the text. */
  contentId?: string | undefined;
};

export type Letter = {
  from: NamedAddress;
  /** Where answers go; absent: to `from`. */
  replyTo?: NamedAddress | null;
  to: NamedAddress[];
  cc: NamedAddress[];
  subject: string;
  /** Lines end with LF; lines that begin with `>` are quotes. */
  text: string;
  /** What goes into the body of an HTML document; `text` says the same. Null or absent: there is the text alone. */
  html?: string | null;
  /** Who asks to be told when it was opened (RFC 8098 §2.1). */
  receiptTo?: NamedAddress | null;
  important?: boolean;
  date: number;
  /** Ids with or without their angle brackets. */
  messageId: string;
  inReplyTo?: string | null;
  references?: string[];
  attachments?: Attachment[];
  /** An answer to an invitation, as RFC 6047 sends it: a calendar beside the text. */
  calendar?: { method: 'REPLY'; text: string };
};

/** Fails, as any stream does, when an attachment does; what was read of it until then is out. */
export function compose(letter: Letter): Readable {
  const attachments = (letter.attachments ?? []).map(attached);
  const mail = new MailComposer({
    from: person(letter.from),
    ...(letter.replyTo ? { replyTo: person(letter.replyTo) } : {}),
    to: letter.to.map(person),
    cc: letter.cc.map(person),
    subject: asWritten(cleanText(letter.subject)),
    date: letterDate(letter.date),
    messageId: bracketed(letter.messageId) ?? undefined,
    inReplyTo: bracketed(letter.inReplyTo ?? '') ?? undefined,
    references: (letter.references ?? []).flatMap(id => bracketed(id) ?? []),
    alternatives: [
      { contentType: 'text/plain; charset=utf-8; format=flowed', content: flow(letter.text) || '\r\n' },
      // The last is the one its writer prefers (RFC 2046 §5.1.4).
      ...(letter.html ? [{ contentType: 'text/html; charset=utf-8', content: documentOf(letter.html) }] : []),
      ...(letter.calendar ? [calendarPart(letter.calendar)] : []),
    ],
    attachments,
    headers: {
      ...(letter.receiptTo ? { 'Disposition-Notification-To': asked(letter.receiptTo) } : {}),
      // RFC 2156 §5.3.4; some programs know the other alone.
      ...(letter.important ? { Importance: 'high', 'X-Priority': '1' } : {}),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().createReadStream();
}

/** What the package would leave as it is: words too long for a line (RFC 5322 §2.1.1), and what would be decoded. */
const asWritten = (text: string): string => (/\S{300}|=\?/.test(text) ? encodedWords(text).join(' ') : text);

/** RFC 1870 lets a declared size be an estimate; this one is never too small. */
export function composedSize(letter: Letter): number {
  const attachments = letter.attachments ?? [];
  const people = [letter.from, ...letter.to, ...letter.cc, ...(letter.replyTo ? [letter.replyTo] : [])];
  const header = people.reduce((sum, p) => sum + 6 * (p.name.length + p.address.length) + 10, 2_000);
  const ids = (letter.references ?? []).join('').length * 2;
  const calendar = 2 * Buffer.byteLength(letter.calendar?.text ?? '');
  const texts = Buffer.byteLength(letter.text) + Buffer.byteLength(letter.html ?? '');
  const text = calendar + texts * 4 + 6 * letter.subject.length;
  return (
    header + ids + text + attachments.reduce((sum, a) => sum + Math.ceil(a.size * 1.4) + 6 * a.name.length + 1_000, 0)
  );
}

const calendarPart = ({ method, text }: NonNullable<Letter['calendar']>) => ({
  contentType: `text/calendar; charset=utf-8; method=${method}`,
  contentTransferEncoding: 'base64' as const,
  content: text,
});

/** UTF-16 units; in ASCII it stands on one line. */
const LONGEST_NAME = 300;

function person({ name, address }: NamedAddress): { name: string; address: string } {
  const parsed = parseAddress(address, 255);
  if (parsed === null) throw new TypeError(`Not an address: ${JSON.stringify(address.slice(0, 100))}`);
  return { name: cleanText(name).slice(0, LONGEST_NAME).toWellFormed(), address: formatAddress(parsed) };
}

const documentOf = (body: string): string =>
  `<!doctype html>\r\n<html><head><meta charset="utf-8"></head><body>\r\n${lines(body)}\r\n</body></html>\r\n`;

const lines = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll('\u0000', '')
    .replace(/\r\n?|\n/g, '\r\n');

/** The header's own encoding reads no addresses there. */
const asked = (who: NamedAddress): string => person(who).address;

function attached({ name, type, content, contentId }: Attachment) {
  const contentType = mediaType(type);
  // A stream of text would have its line ends changed. RFC 2046 §5.2.1: a message may not be encoded.
  const contentTransferEncoding = contentType === 'message/rfc822' ? '8bit' : 'base64';
  const stream = Readable.from(typeof content === 'function' ? lazily(content) : content, { objectMode: false });
  const filename = cleanText(name).replace(/[/\\]/g, '_') || 'attachment';
  const place =
    contentId === undefined ? { contentDisposition: 'attachment' } : { contentDisposition: 'inline', cid: contentId };
  return { filename, contentType, contentTransferEncoding, ...place, content: stream };
}

async function* lazily(open: () => AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield* open();
}

/** Browsers say what they like: a multipart that we did not build would not be one. */
function mediaType(type: string): string {
  const lower = type.split(';', 1)[0]!.trim().toLowerCase();
  const known =
    /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}$/.test(lower) && !/^multipart\/|^message\/(?!rfc822$)/.test(lower);
  return known ? lower : 'application/octet-stream';
}

/** Null: it is none, or one in other letters than ASCII, which would make the whole letter one that few may carry (RFC 6532). */
function bracketed(id: string): string | null {
  const bare = id.trim().replace(/^<|>$/g, '');
  return /^(?:(?![<>])[!-~]){1,900}$/.test(bare) ? `<${bare}>` : null;
}
