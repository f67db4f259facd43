import { randomBytes } from 'node:crypto';

/** What a delivery report (RFC 3464) tells. */
export type Notice = {
  reporter: string;
  to: string;
  action: 'failed' | 'relayed';
  at: number;
  arrivedAt: number;
  envid: string | null;
  recipients: { recipient: string; orcpt: string | null; status: string; diagnostic: string; host: string | null }[];
  /** The message or its header; null: it cannot be read any more. */
  returned: { whole: boolean; bytes: Buffer } | null;
};

export function deliveryReport(n: Notice): Buffer {
  const boundary = randomBytes(12).toString('hex');
  const date = (at: number) => new Date(at).toUTCString().replace('GMT', '+0000');
  const told = n.recipients.map(r => `  <${r.recipient}>: ${r.diagnostic}`).join('\r\n');
  const part = (type: string, body: string) => `--${boundary}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const fields = (pairs: [string, string | null][]) =>
    pairs.flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`])).join('');
  const failed = n.action === 'failed';
  const head = fields([
    ['From', `Mail Delivery System <postmaster@${n.reporter}>`],
    ['To', n.to],
    ['Subject', failed ? 'Your message could not be delivered' : 'Your message was passed on'],
    ['Date', date(n.at)],
    ['Message-ID', `<${randomBytes(12).toString('hex')}@${n.reporter}>`],
    ['Auto-Submitted', 'auto-replied'],
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/report; report-type=delivery-status; boundary="${boundary}"`],
  ]);
  const perMessage = fields([
    ['Reporting-MTA', `dns; ${n.reporter}`],
    ['Original-Envelope-Id', n.envid],
    ['Arrival-Date', date(n.arrivedAt)],
  ]);
  const perRecipient = n.recipients.map(r =>
    fields([
      ['Original-Recipient', r.orcpt],
      ['Final-Recipient', `rfc822; ${r.recipient}`],
      ['Action', n.action],
      ['Status', r.status],
      ['Remote-MTA', r.host === null ? null : `dns; ${r.host}`],
      ['Diagnostic-Code', `smtp; ${r.diagnostic}`],
      ['Last-Attempt-Date', date(n.at)],
    ]),
  );
  const text = failed
    ? `Your message could not be delivered to:\r\n\r\n${told}\r\n`
    : `Your message was passed on to a host that reports no further:\r\n\r\n${told}\r\n`;
  const before =
    `${head}\r\n${part('text/plain; charset=utf-8', text)}` +
    `${part('message/delivery-status', [perMessage, ...perRecipient].join('\r\n'))}`;
  const type = n.returned?.whole ? 'message/rfc822' : 'text/rfc822-headers';
  const returned = n.returned ? [Buffer.from(`--${boundary}\r\nContent-Type: ${type}\r\n\r\n`), n.returned.bytes] : [];
  return Buffer.concat([Buffer.from(before), ...returned, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}
