/**
 * Automatic answers of people who are away (RFC 3834): whom one may be sent to, and what it looks like.
 *
 * Pure. It promises never to answer a machine, a list or an answer, and that no two such answers can call each other
 * up. Who has had one already, and whether somebody is away at all, is for those who keep rows to know.
 */
import { addressKey, formatNamed, localOf, type NamedAddress, parseAddressList, subaddress } from './address.ts';
import { formatDate } from './date.ts';
import { cleanText, type Header, readHeader } from './header.ts';
import { encodeWords, plainLetter } from './plain-letter.ts';
import { idsOf, subjectOf } from './summary.ts';

/** Names that stand for programs, or for those who read what programs send (RFC 3834 §2, RFC 2142 §5 and §6). */
const program =
  /^(?:mailer-daemon|postmaster|listserv|listproc|majordomo|mailman|www|www-data|root|daemon|nobody|no-?reply|do-?not-?reply|noanswer|auto-?reply|notifications?|bounces?)$|^owner-|-(?:request|owner|relay|bounces?)$|^bounces?[+=.-]|^no-?reply[+=.-]/;

/** Fields that a program or a list writes, whatever stands in them. */
const machineFields = [
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
  'mailing-list',
  'x-autoreply',
  'x-autorespond',
  'x-auto-response-suppress',
  'x-loop',
  'feedback-id',
];

/**
 * Why a message is not answered; null: it may be. `own`: addresses by which its reader is written to, as keys;
 * `reversePath`: whom an answer would go to.
 */
export function refusesAnswer(header: Header, reversePath: string | null, own: ReadonlySet<string>): string | null {
  if (reversePath === null) return 'it has no reverse-path';
  const sender = addressKey(reversePath);
  if (own.has(sender) || own.has(untagged(sender))) return 'it is from the same person';
  if (program.test(localOf(sender))) return 'a program sent it';
  if (isAutomatic(header)) return 'it was sent automatically';
  return isWrittenTo(header, own) ? null : 'it is not addressed to the person';
}

function isAutomatic(header: Header): boolean {
  const submitted = header.all('auto-submitted').map(wordOf);
  if (submitted.some(word => word !== 'no')) return true;
  if (header.all('precedence').some(value => /^(?:bulk|list|junk|auto_reply)$/.test(wordOf(value)))) return true;
  if (header.all('content-type').some(value => /^multipart\/report$/.test(wordOf(value)))) return true;
  return machineFields.some(name => header.all(name).length > 0);
}

/** The value without its parameters and comments. */
const wordOf = (value: string): string => (value.split(/[;(]/, 1)[0] ?? '').trim().toLowerCase();

/** RFC 3834 §2: whoever got it as one of a crowd, or as a blind copy, is not who was asked. */
function isWrittenTo(header: Header, own: ReadonlySet<string>): boolean {
  const named = ['to', 'cc', 'resent-to', 'resent-cc'].flatMap(name => header.all(name)).flatMap(parseAddressList);
  return named.slice(0, 500).some(({ address }) => {
    const key = addressKey(address);
    return own.has(key) || own.has(untagged(key));
  });
}

/** `user` of `user+tag`. */
function untagged(key: string): string {
  const at = key.lastIndexOf('@');
  return at < 0 ? key : `${subaddress(key.slice(0, at)).user}${key.slice(at)}`;
}

export type AutoReply = {
  from: NamedAddress;
  /** The reverse-path of what is answered (RFC 3834 §4). */
  to: string;
  /** Empty: that of the message, marked as an automatic answer. */
  subject: string;
  text: string;
  at: number;
  /** Never used again. */
  messageId: string;
  /** The header of what is answered. */
  answered: Buffer;
};

/** The content of an answer; its reverse-path is to be `<>`. */
export function autoReply({ from, to, subject, text, at, messageId, answered }: AutoReply): Buffer {
  const header = readHeader(answered);
  const own = idsOf(header.text('message-id')).slice(0, 1);
  const before = own.length > 0 ? idsOf(header.text('references')).slice(-20) : [];
  const ids = [...before, ...own].filter(id => /^[!-~]{1,250}$/.test(id)).map(id => `<${id}>`);
  const title = cleanText(subject).trim() || `Auto: ${subjectOf(header)}`;
  return plainLetter(
    [
      ['From', author(from)],
      ['To', `<${to}>`],
      ['Subject', title.slice(0, 400).toWellFormed()],
      ['Date', formatDate(at)],
      ['Message-ID', messageId],
      ['In-Reply-To', ids.at(-1) ?? ''],
      ['References', ids.join('\r\n ')],
      ['Auto-Submitted', 'auto-replied'],
      ['X-Auto-Response-Suppress', 'All'],
    ],
    text,
  );
}

function author({ name, address }: NamedAddress): string {
  const shown = cleanText(name).trim().slice(0, 200).toWellFormed();
  if (/^[ -~]*$/.test(shown) && !shown.includes('=?')) return formatNamed({ name: shown, address });
  return `${encodeWords(shown)} <${address}>`;
}
