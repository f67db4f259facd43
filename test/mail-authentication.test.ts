import { describe, expect, test } from 'vitest';
import { authenticity, type LastHop, lastHop, readVerdicts } from '../daemon/mail/authentication.ts';
import { readHeader } from '../daemon/mail/header.ts';

const ours = ['mail.example.org', 'example.org'];
const received = (from = '192.0.2.5', proto = 'ESMTPS', by = 'mail.example.org') =>
  `Received: from edge (edge.example.org [${from}])\n\tby ${by} with ${proto} id x.1\n\tfor <ann@example.org>;\n\tThu, 26 Nov 2026 00:00:00 +0000\n`;
const edge = 'Received: from evil by edge.example.org with ESMTP id 1; Thu, 26 Nov 2026 00:00:00 +0000\n';
const results = (text: string, by = 'edge.example.org') => `Authentication-Results: ${by};\n\t${text}\n`;
const believed = {
  ours,
  believes: (name: string, hop: LastHop) => name === 'edge.example.org' && hop.address === '192.0.2.5',
};
const judged = (header: string, submitted = false) =>
  authenticity(readHeader(Buffer.from(`${header}From: x@bank.example\n\n`)), 'x@bank.example', { believed, submitted });

const checked = { kind: 'checked', domain: 'bank.example', by: 'edge.example.org' };
const unknown = { kind: 'unknown' };

describe('authenticity', () => {
  test.each([
    ['DMARC', results('dmarc=pass (p=none) header.from=bank.example')],
    ['DMARC for the domain above', results('dmarc=pass header.from="bank.example"')],
    ['an aligned signature', results('dkim=pass header.d=bank.example header.s=k1')],
    [
      'an aligned signature by its identity',
      results('dkim=fail header.d=z.example;\n\tdkim=pass header.i=@bank.example'),
    ],
    ['an aligned SPF', results('spf=pass smtp.mailfrom=bounce@bank.example')],
    ['several fields', results('spf=none') + results('dkim=pass header.d=bank.example')],
    ['a field below the Received of its host', `${edge}${results('dmarc=pass header.from=bank.example')}`],
  ])('is checked by %s', (_, fields) => {
    expect(judged(received() + fields)).toEqual(checked);
  });

  test.each([
    ['nothing', ''],
    ['another host', results('dmarc=pass header.from=bank.example', 'evil.example')],
    ['a signature of somebody else', results('dkim=pass header.d=evil.example')],
    ['a signature of a subdomain', results('dkim=pass header.d=shop.bank.example')],
    ['a signature of a whole country', results('dkim=pass header.d=example')],
    ['a failed signature', results('dkim=fail header.d=bank.example')],
    ['DMARC for somebody else', results('dmarc=pass header.from=evil.example')],
    ['words in a comment', results('dmarc=none (dmarc=pass header.from=bank.example)')],
    // Its host wrote one field, and below its Received stands what came with the message.
    [
      'a field behind the Received of its host',
      `${results('spf=none')}${edge}${results('dmarc=pass header.from=bank.example')}`,
    ],
  ])('is not known by %s', (_, fields) => {
    expect(judged(received() + fields)).toEqual(unknown);
  });

  test('is not known of mail that did not come from the host that is believed', () => {
    const field = results('dmarc=pass header.from=bank.example');
    expect(judged(received('203.0.113.9') + field)).toEqual(unknown);
    expect(judged(field + received())).toEqual(checked);
    expect(judged(received('192.0.2.5', 'ESMTPS', 'evil.example') + field)).toEqual(unknown);
    expect(judged(field)).toEqual(unknown);
  });

  test('is failed where DMARC failed for the domain shown', () => {
    const field = results('dmarc=fail header.from=bank.example; dkim=pass header.d=bank.example');
    expect(judged(received() + field)).toEqual({ kind: 'failed', domain: 'bank.example', by: 'edge.example.org' });
  });

  test('is known of who signed in here, for our own domains', () => {
    const header = readHeader(Buffer.from('From: ann@example.org\n\n'));
    expect(authenticity(header, 'ann@example.org', { believed, submitted: true })).toEqual({
      kind: 'checked',
      domain: 'example.org',
      by: null,
    });
    expect(judged('', true)).toEqual(unknown);
  });
});

test.each([
  ['ESMTP', { encrypted: false, signedIn: false }],
  ['ESMTPS', { encrypted: true, signedIn: false }],
  ['ESMTPSA', { encrypted: true, signedIn: true }],
  ['ESMTPA', { encrypted: false, signedIn: true }],
  ['UTF8SMTPS', { encrypted: true, signedIn: false }],
])('lastHop knows what %s means', (proto, known) => {
  expect(lastHop(readHeader(Buffer.from(received('2001:db8::1', proto))), ours)).toEqual({
    address: '2001:db8::1',
    ...known,
  });
});

test('lastHop reads a field without a peer, and none that is not ours', () => {
  const own = 'Received: by mail.example.org with ESMTPA id 1;\n\tThu, 26 Nov 2026 00:00:00 +0000\n';
  expect(lastHop(readHeader(Buffer.from(own)), ours)).toEqual({ address: '', encrypted: false, signedIn: true });
  expect(lastHop(readHeader(Buffer.from(received('192.0.2.5', 'ESMTP', 'other.example'))), ours)).toBeNull();
  expect(lastHop(readHeader(Buffer.from('Subject: x\n')), ours)).toBeNull();
});

test('readVerdicts takes a bomb in linear time', () => {
  const value = `edge.example.org;${' dkim=pass header.d=a;'.repeat(100_000)}${'('.repeat(100_000)}`;
  expect(readVerdicts(value)?.verdicts.length).toBeLessThanOrEqual(50);
});
