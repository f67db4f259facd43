/**
 * Receipts (RFC 8098): who asks for one when a message was read, and the one a reader chose to send.
 *
 * Nothing is ever sent by itself: this reads the wish and makes the content, and a person decides.
 */
import { randomBytes } from 'node:crypto';
import { addressKey, parseAddress, parseAddressList } from './address.ts';
import { formatDate } from './date.ts';
import { encodedWords } from './encoded-words.ts';
import { cleanText, type Header } from './header.ts';

/** Where a receipt is wanted; null: none is, or a program asks, which RFC 3834 lets nobody answer. */
export function receiptWanted(header: Header): string | null {
  const auto = header.get('auto-submitted');
  const reports = /^multipart\/report\b/i.test(header.get('content-type') ?? '');
  if (reports || (auto !== null && !/^\s*no\b/i.test(auto))) return null;
  const wanted = parseAddressList(header.get('disposition-notification-to') ?? '');
  // RFC 8098 §2.1: several are told nothing without a question for each; they are told nothing here.
  return wanted.length === 1 && parseAddress(wanted[0]!.address) ? addressKey(wanted[0]!.address) : null;
}

export type Receipt = {
  /** Our own name, and who read it. */
  reporter: string;
  from: { name: string; address: string };
  to: string;
  subject: string;
  /** In the reader's words. */
  text: string;
  /** Of the message that was read, without brackets; null: it had none. */
  messageId: string | null;
  at: number;
};

export function receiptFor(r: Receipt): Buffer {
  const boundary = `receipt-${randomBytes(12).toString('hex')}`;
  const about = r.messageId !== null && /^[!-;=?-~]{1,250}$/.test(r.messageId) ? `<${r.messageId}>` : null;
  const domain = r.from.address.slice(r.from.address.lastIndexOf('@') + 1);
  return Buffer.from(
    [
      fields([
        ['From', `${word(r.from.name)} <${r.from.address}>`.trim()],
        ['To', `<${r.to}>`],
        ['Subject', word(r.subject)],
        ['Date', formatDate(r.at)],
        ['Message-ID', `<${randomBytes(12).toString('hex')}@${domain}>`],
        ['In-Reply-To', about],
        ['References', about],
        ['Auto-Submitted', 'auto-replied'],
        ['MIME-Version', '1.0'],
        ['Content-Type', `multipart/report; report-type=disposition-notification; boundary="${boundary}"`],
      ]),
      `--${boundary}`,
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(`${r.text}\r\n`).toString('base64').replace(/.{76}/g, '$&\r\n'),
      `--${boundary}`,
      'Content-Type: message/disposition-notification',
      '',
      fields([
        ['Reporting-UA', `${r.reporter}; CWMail`],
        ['Final-Recipient', `rfc822;${r.from.address}`],
        ['Original-Message-ID', about],
        ['Disposition', 'manual-action/MDN-sent-manually; displayed'],
      ]),
      `--${boundary}--`,
      '',
    ].join('\r\n'),
  );
}

/** Absent ones are left out; no value can be more than one line. */
const fields = (pairs: [string, string | null][]): string =>
  pairs.map(([name, value]) => (value === null ? '' : `${name}: ${cleanText(value)}\r\n`)).join('');

/** So short that its field fits on one line (RFC 5322 §2.1.1) however it is encoded. */
const LONGEST_WORD = 100;

function word(given: string): string {
  const text = cleanText(given).slice(0, LONGEST_WORD).toWellFormed();
  return /^[\w !#$%&'*+/=^`{|}~-]*$/.test(text) ? text : encodedWords(text).join(' ');
}
