import { describe, expect, test } from 'vitest';
import { readHeader } from '../daemon/mail/header.ts';
import { decodeBody, scan } from '../daemon/mail/parts.ts';
import { receiptFor, receiptWanted } from '../daemon/mail/receipt.ts';

const wanted = (header: string) => receiptWanted(readHeader(Buffer.from(`${header}\n\n`)));

test.each([
  ['Disposition-Notification-To: Bo <Bo@example.net>', 'bo@example.net'],
  ['Disposition-Notification-To: bo@example.net\nAuto-Submitted: no', 'bo@example.net'],
  ['Disposition-Notification-To: bo@example.net, eve@example.net', null],
  ['Disposition-Notification-To: bo@example.net\nAuto-Submitted: auto-generated', null],
  ['Disposition-Notification-To: bo@example.net\nContent-Type: multipart/report; boundary=x', null],
  ['Disposition-Notification-To: nobody', null],
  ['Disposition-Notification-To:', null],
  ['Subject: x', null],
])('receiptWanted by %j is %j', (header, to) => {
  expect(wanted(header)).toBe(to);
});

describe('receiptFor', () => {
  const receipt = {
    reporter: 'mail.example.org',
    from: { name: 'Zoë "Z"\r\nBcc: x@evil.example', address: 'zoe@example.org' },
    to: 'bo@example.net',
    subject: `Read: ${'Prüfung der Beete '.repeat(20)}\r\nX-Evil: 1`,
    text: 'Your message was shown. Gelesen heißt nicht verstanden.',
    messageId: 'm1@example.net',
    at: Date.UTC(2026, 10, 26),
  };

  test('is a report in two parts, of which the second is for machines (RFC 8098)', () => {
    const bytes = receiptFor(receipt);
    const { root, header } = scan(bytes);
    expect(root.type).toBe('multipart/report');
    expect(root.parts.map(p => p.type)).toEqual(['text/plain', 'message/disposition-notification']);
    const [text, machine] = root.parts.map(p => decodeBody(p, bytes.subarray(p.bodyFrom, p.bodyTo)).toString());
    expect(text).toContain('Gelesen heißt nicht verstanden.');
    expect(machine!.trim().split('\r\n')).toEqual([
      'Reporting-UA: mail.example.org; CWMail',
      'Final-Recipient: rfc822;zoe@example.org',
      'Original-Message-ID: <m1@example.net>',
      'Disposition: manual-action/MDN-sent-manually; displayed',
    ]);
    const read = readHeader(header);
    expect(read.get('auto-submitted')).toBe('auto-replied');
    expect(read.get('in-reply-to')).toBe('<m1@example.net>');
    expect(read.text('subject')).toMatch(/^Read: Prüfung/);
  });

  test('lets nothing begin a line of its own, and no line be too long', () => {
    const lines = receiptFor({ ...receipt, messageId: 'a\r\nX-Evil: 1' })
      .toString()
      .split('\r\n');
    expect(lines.filter(line => /^(?:X-Evil|Bcc)/i.test(line))).toEqual([]);
    expect(lines.filter(line => /\n|\r/.test(line))).toEqual([]);
    expect(Math.max(...lines.map(line => Buffer.byteLength(line)))).toBeLessThan(998);
  });
});
