import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { parseAddressList } from '../daemon/mail/address.ts';
import { readHeader } from '../daemon/mail/header.ts';
import { decodeBody, type Part, partText, scan } from '../daemon/mail/parts.ts';
import { deliveryReport, type Report } from '../daemon/mail/report.ts';

const original = Buffer.from('Message-ID: <orig@x>\r\nSubject: hi\r\n\r\nbody\r\n');

const report = (more: Partial<Report> = {}): Report => ({
  reporter: 'mx.example',
  to: 'sender@example.org',
  reader: 'sender',
  action: 'failed',
  at: Date.UTC(2024, 0, 2),
  arrivedAt: Date.UTC(2024, 0, 1),
  envid: 'QQ314159',
  retryUntil: null,
  recipients: [
    {
      recipient: 'a@b.c',
      orcpt: 'rfc822;A@b.c',
      status: '5.1.1',
      diagnostic: '550 5.1.1 No such user',
      host: 'mx.b.c',
    },
    { recipient: 'd@e.f', orcpt: null, status: '4.4.7', diagnostic: 'No route', host: null },
  ],
  returned: { whole: false, bytes: original },
  ...more,
});

function read(bytes: Buffer) {
  const { root, header } = scan(bytes);
  const body = (part: Part | undefined) =>
    part === undefined ? '' : partText({ ...part, type: 'text/plain' }, bytes.subarray(part.bodyFrom, part.bodyTo));
  const status = root.parts[1]!;
  const blocks = body(status)
    .trimEnd()
    .split('\n\n')
    .map(block =>
      Object.fromEntries(
        readHeader(Buffer.from(block)).fields.map(f => [f.name, Buffer.from(f.value, 'latin1').toString().trim()]),
      ),
    );
  return { root, header: readHeader(header), text: body(root.parts[0]), blocks, returned: body(root.parts[2]) };
}

describe('deliveryReport', () => {
  it('deliveryReport is a report that machines and people can read', async () => {
    const bytes = deliveryReport(report());
    const { root, header, text, blocks, returned } = read(bytes);
    expect(root.type).toBe('multipart/report');
    expect(header.get('content-type')).toContain('report-type=delivery-status');
    expect(root.parts.map(p => p.type)).toEqual(['text/plain', 'message/delivery-status', 'text/rfc822-headers']);
    expect(parseAddressList(header.get('from')!)).toEqual([
      { name: 'Mail Delivery System', address: 'postmaster@mx.example' },
    ]);
    expect(header.get('to')).toBe('<sender@example.org>');
    expect(header.get('auto-submitted')).toBe('auto-replied');
    expect(header.get('in-reply-to')).toBe('<orig@x>');
    expect(blocks[0]).toMatchObject({ 'reporting-mta': 'dns; mx.example', 'original-envelope-id': 'QQ314159' });
    expect(blocks[1]).toMatchObject({
      'original-recipient': 'rfc822;A@b.c',
      'final-recipient': 'rfc822; a@b.c',
      action: 'failed',
      status: '5.1.1',
      'remote-mta': 'dns; mx.b.c',
      'diagnostic-code': 'smtp; 550 5.1.1 No such user',
    });
    expect(blocks[2]).not.toHaveProperty('remote-mta');
    expect(blocks[2]).not.toHaveProperty('original-recipient');
    expect(text).toMatch(
      /could not be delivered[\s\S]*<a@b\.c>\n {4}mx\.b\.c said: 550 5\.1\.1 No such user\n {4}There is no such address[\s\S]*<d@e\.f>\n {4}No route\n {4}Their mail server did not take it/,
    );
    expect(returned).toBe('Message-ID: <orig@x>\nSubject: hi\n');
    expect(bytes.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|[^\u0000-\u007f]/);
    // The judge reads the same.
    const judged = await simpleParser(bytes);
    expect(judged.subject).toBe('Your message could not be delivered');
    expect(judged.text).toContain('No such user');
  });

  it.each([
    ['failed', 'could not be delivered'],
    ['delayed', 'will be tried again until'],
    ['delivered', 'was delivered'],
    ['relayed', 'passed on'],
    ['expanded', 'stands for several others'],
  ] as const)('deliveryReport tells of %s in its own words', (action, words) => {
    const retryUntil = action === 'delayed' ? Date.UTC(2024, 0, 3) : null;
    const { text, blocks } = read(deliveryReport(report({ action, retryUntil })));
    expect(text).toContain(words);
    expect(blocks[1]!.action).toBe(action);
    expect('will-retry-until' in blocks[1]!).toBe(action === 'delayed');
  });

  it('deliveryReport uses the forms of RFC 6533 for addresses beyond ASCII', () => {
    const recipients = [
      { recipient: 'jörg@b.c', orcpt: 'utf-8;jörg@b.c', status: '5.1.1', diagnostic: '550 nö', host: null },
    ];
    const { root, blocks } = read(
      deliveryReport(report({ recipients, returned: { whole: true, bytes: Buffer.from('Subject: ö\r\n\r\nx') } })),
    );
    expect(root.parts.map(p => p.type)).toEqual(['text/plain', 'message/global-delivery-status', 'message/global']);
    expect(blocks[1]).toMatchObject({
      'final-recipient': 'utf-8; jörg@b.c',
      'original-recipient': 'utf-8;jörg@b.c',
      'diagnostic-code': 'smtp; 550 nö',
    });
  });

  it('deliveryReport stays ASCII for machines where the addresses are', () => {
    const recipients = [{ recipient: 'a@b.c', orcpt: null, status: 'nonsense', diagnostic: '550 n\u00f6', host: null }];
    expect(read(deliveryReport(report({ recipients }))).blocks[1]).toMatchObject({
      'diagnostic-code': 'smtp; 550 n?',
      status: '5.0.0',
    });
  });

  it('deliveryReport gives the whole message back octet for octet', () => {
    const bytes = Buffer.from(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xff\r\n--b--\r\n',
      'latin1',
    );
    const made = deliveryReport(report({ returned: { whole: true, bytes } }));
    const part = scan(made).root.parts[2]!;
    expect([part.type, part.encoding]).toEqual(['message/rfc822', '8bit']);
    expect(decodeBody(part, made.subarray(part.bodyFrom, part.bodyTo))).toEqual(bytes);
  });

  it('deliveryReport returns at most 50 KB of a header, in whole lines', () => {
    const bytes = Buffer.from(`${'X-Long: 0123456789\r\n'.repeat(5_000)}\r\nbody`);
    const { returned } = read(deliveryReport(report({ returned: { whole: false, bytes } })));
    expect(returned.length).toBeLessThanOrEqual(50_000);
    expect(returned.endsWith('0123456789\n')).toBe(true);
    expect(read(deliveryReport(report({ returned: null }))).root.parts.length).toBe(2);
  });

  it('deliveryReport keeps its form whatever strangers say', () => {
    const hostile = 'x\r\n\r\n--b\r\nBcc: y@z\r\nSubject: forged\n\u0000\u2028\ud800ä';
    const header = Buffer.from('Message-ID: <a>\r\n\r\n--report-0\r\n\r\n', 'latin1');
    const bytes = deliveryReport(
      report({
        reporter: hostile,
        to: hostile,
        envid: hostile,
        recipients: [
          { recipient: hostile, orcpt: hostile, status: hostile, diagnostic: hostile.repeat(500), host: hostile },
        ],
        returned: { whole: true, bytes: header },
      }),
    );
    const { root, header: top, blocks } = read(bytes);
    expect(root.parts.length).toBe(3);
    expect(blocks.length).toBe(2);
    expect(top.get('bcc')).toBeNull();
    expect(top.all('subject')).toEqual(['Your message could not be delivered']);
    for (const line of bytes.toString('latin1').split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
  });
});
