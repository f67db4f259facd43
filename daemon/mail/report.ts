/**
 * Reports about mail: what became of it, as RFC 3464 says for machines and in plain sentences for people.
 *
 * Everything in a report may come from strangers (addresses, replies of other servers, the returned header):
 * none of it can end a line, a field or a part. It makes the content; to whom and whether is not decided here.
 */
import { randomBytes } from 'node:crypto';
import { formatDate } from './date.ts';
import { readHeader } from './header.ts';
import { adviceFor } from './report/advice.ts';
import { idsOf } from './summary.ts';

/** RFC 3464 §2.3.3. */
export type ReportAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

export type ReportedRecipient = {
  recipient: string;
  /** `rfc822;user@example.org` as the sender gave it; null: none given. */
  orcpt: string | null;
  /** `5.1.1` (RFC 3463). */
  status: string;
  /** The SMTP reply, on one line or more. */
  diagnostic: string;
  /** The host that gave it; null: nobody was reached, or the reply is our own. */
  host: string | null;
  /** Its mail goes elsewhere from here, which the reader is not told more of. */
  sentOn?: boolean;
};

export type Report = {
  /** Our own name. */
  reporter: string;
  /** Whom it goes to: the reverse-path of the message. */
  to: string;
  /** postmaster: it is a report of ours, not a message of the reader's, that could not be delivered. */
  reader: 'sender' | 'postmaster';
  action: ReportAction;
  at: number;
  arrivedAt: number;
  /** The sender's id of the message, decoded (RFC 3461 §4.4); null: none given. */
  envid: string | null;
  /** Delays only: when it is given up; null: not said. */
  retryUntil: number | null;
  recipients: ReportedRecipient[];
  /** The message or its header; null: it cannot be read any more. */
  returned: { whole: boolean; bytes: Buffer } | null;
};

/** Postfix gives back as much; nobody reads more of a header. */
const LONGEST_RETURNED_HEADER = 50_000;

export function deliveryReport(report: Report): Buffer {
  // 96 random bits stand in no returned message.
  const boundary = `report-${randomBytes(12).toString('hex')}`;
  // RFC 6533 §3: beyond ASCII, addresses have a form and a type of their own.
  const wide = [report.to, ...report.recipients.flatMap(r => [r.recipient, r.orcpt ?? ''])].some(isWide);
  const parts = [
    part('text/plain; charset=utf-8', Buffer.from(peopleText(report))),
    part(wide ? 'message/global-delivery-status' : 'message/delivery-status', Buffer.from(statusText(report, wide))),
    ...(report.returned === null ? [] : [returnedPart(report.returned)]),
  ];
  const head = Buffer.from(
    headText(
      report,
      boundary,
      parts.some(p => p.eightBit),
    ),
  );
  const pieces = parts.flatMap(p => [Buffer.from(`--${boundary}\r\n`), p.bytes, Buffer.from('\r\n')]);
  return Buffer.concat([head, ...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

const SUBJECTS: Record<ReportAction, string> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is delayed',
  delivered: 'Your message was delivered',
  relayed: 'Your message was passed on',
  expanded: 'Your message was passed on',
};

/** RFC 3834 §5 keeps machines from answering; in the thread of the message it speaks of. */
function headText(report: Report, boundary: string, eightBit: boolean): string {
  const about = report.returned === null ? null : messageIdOf(report.returned.bytes);
  return fields([
    ['From', `Mail Delivery System <postmaster@${report.reporter}>`],
    ['To', `<${report.to}>`],
    ['Subject', report.reader === 'postmaster' ? 'A report could not be delivered' : SUBJECTS[report.action]],
    ['Date', formatDate(report.at)],
    ['Message-ID', `<${randomBytes(12).toString('hex')}@${report.reporter}>`],
    ['In-Reply-To', about],
    ['References', about],
    ['Auto-Submitted', 'auto-replied'],
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/report; report-type=delivery-status; boundary="${boundary}"`],
    ['Content-Transfer-Encoding', eightBit ? '8bit' : '7bit'],
  ]).concat('\r\nThis is a report about your message, in MIME format.\r\n\r\n');
}

function messageIdOf(content: Buffer): string | null {
  const id = idsOf(readHeader(content).text('message-id'))[0];
  return id !== undefined && /^[!-~]{1,250}$/.test(id) ? `<${id}>` : null;
}

function peopleText(report: Report): string {
  const lines = [`This is the mail system at ${oneLine(report.reporter)}.`, '', ...sentences(report), ''];
  for (const { recipient, status, diagnostic, host, sentOn = false } of report.recipients) {
    lines.push(`  <${oneLine(recipient)}>`);
    lines.push(host === null ? `    ${oneLine(diagnostic)}` : `    ${oneLine(host)} said: ${oneLine(diagnostic)}`);
    if (report.action === 'failed' && report.reader === 'sender') lines.push(`    ${adviceFor(status, sentOn)}`);
    lines.push('');
  }
  const what = report.reader === 'postmaster' ? 'The report' : 'Your message';
  if (report.returned?.whole) lines.push(`${what} is attached.`);
  else if (report.returned) lines.push(`The header of ${what.toLowerCase()} is attached.`);
  return `${lines.join('\r\n')}\r\n`;
}

function sentences({ action, arrivedAt, retryUntil, reader }: Report): string[] {
  if (reader === 'postmaster')
    return [
      `A report this server made on ${formatDate(arrivedAt)} could not be delivered`,
      'to the following addresses, so whoever sent the message it speaks of does not know.',
    ];
  const sent = `The message you sent on ${formatDate(arrivedAt)}`;
  if (action === 'failed')
    return [`${sent} could not be delivered`, 'to the following addresses. It will not be tried again.'];
  if (action === 'delivered') return [`${sent} was delivered to the following addresses.`];
  if (action === 'relayed')
    return [`${sent} was passed on to a mail system that`, 'does not report any further, for the following addresses.'];
  if (action === 'expanded')
    return [
      `${sent} was taken for the following addresses,`,
      'each of which stands for several others, and was passed on to all of them.',
    ];
  const until = retryUntil === null ? '' : ` until ${formatDate(retryUntil)}`;
  return [
    `${sent} could not be delivered yet`,
    `to the following addresses. It will be tried again${until}.`,
    'You need not do anything.',
  ];
}

/** RFC 3464 §2.2 and §2.3: the message first, then each recipient, with an empty line between. */
function statusText(report: Report, wide: boolean): string {
  const message = fields([
    ['Reporting-MTA', `dns; ${report.reporter}`],
    ['Original-Envelope-Id', report.envid === null ? null : ascii(report.envid)],
    ['Arrival-Date', formatDate(report.arrivedAt)],
  ]);
  return [message, ...report.recipients.map(r => recipientText(r, report, wide))].join('\r\n');
}

function recipientText(r: ReportedRecipient, report: Report, wide: boolean): string {
  const type = isWide(r.recipient) ? 'utf-8' : 'rfc822';
  return fields([
    ['Original-Recipient', r.orcpt === null || !/^[\w-]{1,40};/.test(r.orcpt) ? null : r.orcpt],
    ['Final-Recipient', `${type}; ${r.recipient}`],
    ['Action', report.action],
    ['Status', /^[245]\.\d{1,3}\.\d{1,3}$/.test(r.status) ? r.status : '5.0.0'],
    ['Remote-MTA', r.host === null ? null : `dns; ${r.host}`],
    ['Diagnostic-Code', `smtp; ${wide ? r.diagnostic : ascii(oneLine(r.diagnostic))}`],
    ['Last-Attempt-Date', formatDate(report.at)],
    ['Will-Retry-Until', report.retryUntil === null ? null : formatDate(report.retryUntil)],
  ]);
}

type ReportPart = { bytes: Buffer; eightBit: boolean };

function part(type: string, body: Buffer): ReportPart {
  const eightBit = hasEightBit(body);
  const encoding = eightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : '';
  return { bytes: Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n${encoding}\r\n`), body]), eightBit };
}

/** RFC 6533: a header beyond ASCII makes it a message of the wide kind; 8-bit text alone does not. */
function returnedPart({ whole, bytes }: { whole: boolean; bytes: Buffer }): ReportPart {
  const header = headerBlock(bytes);
  const wide = hasEightBit(header);
  if (whole) return part(wide ? 'message/global' : 'message/rfc822', bytes);
  return part(wide ? 'message/global-headers' : 'text/rfc822-headers', header);
}

/** Whole lines up to the first empty one, at most 50 KB of them. */
function headerBlock(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n');
  const block = end < 0 ? bytes : bytes.subarray(0, end + 2);
  if (block.length <= LONGEST_RETURNED_HEADER) return block;
  return block.subarray(0, block.lastIndexOf('\r\n', LONGEST_RETURNED_HEADER) + 2);
}

const isWide = (text: string): boolean => /[^\u0000-\u007f]/.test(text);
const hasEightBit = (bytes: Buffer): boolean => isWide(bytes.toString('latin1'));
const ascii = (text: string): string => text.replace(/[^ -~]/g, '?');

/** RFC 5322 §2.1.1 allows 998 octets; replies of several lines become one. */
const oneLine = (text: string): string =>
  text
    .slice(0, 2_000)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, isWide(text) ? 250 : 800)
    .toWellFormed();

/** Absent ones are left out; no value can be more than one line. */
function fields(pairs: [string, string | null][]): string {
  return pairs.map(([name, value]) => (value === null ? '' : `${name}: ${oneLine(value)}\r\n`)).join('');
}
