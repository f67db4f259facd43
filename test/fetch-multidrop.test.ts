import { describe, expect, test } from 'vitest';
import { type Multidrop, sortRecipients } from '../fetcher/multidrop.ts';

const domain: Multidrop = { kind: 'multidrop', domain: 'example.org', envelope: null, fallback: null };

/** Fields, one a line; what comes out: addresses, and the field that told. */
const sort = (fields: string, to: Partial<Multidrop> = {}) => {
  const { recipients, by } = sortRecipients(
    { ...domain, ...to },
    Buffer.from(`${fields.replaceAll('\n', '\r\n')}\r\n\r\n`, 'latin1'),
  );
  return `${recipients.join(' ')} by ${by}`;
};

const sorted: [name: string, fields: string, result: string][] = [
  // Each name that providers give it.
  ['X-Original-To', 'X-Original-To: ann@example.org', 'ann@example.org by x-original-to'],
  ['X-Envelope-To', 'x-envelope-to: <ann@example.org>', 'ann@example.org by x-envelope-to'],
  ['Envelope-To', 'Envelope-To: ann@EXAMPLE.org', 'ann@example.org by envelope-to'],
  ['Delivered-To', 'Delivered-To: ann@example.org', 'ann@example.org by delivered-to'],
  [
    'Received for',
    'Received: from a by b\n\tfor <ann@example.org>; Mon, 1 Jan 2026 00:00:00 +0000',
    'ann@example.org by received',
  ],
  ['Received for without brackets', 'Received: from a by b for ann@example.org; date', 'ann@example.org by received'],
  // Several recipients, and none twice.
  [
    'a list',
    'X-Envelope-To: ann@example.org, Bob <bob@example.org>',
    'ann@example.org bob@example.org by x-envelope-to',
  ],
  [
    'repeated fields',
    'X-Envelope-To: ann@example.org\nX-Envelope-To: bob@example.org',
    'ann@example.org bob@example.org by x-envelope-to',
  ],
  ['one twice', 'X-Envelope-To: Ann@example.org, ann@example.org', 'ann@example.org by x-envelope-to'],
  // Only the domain's.
  [
    'the mailbox at the provider',
    'Delivered-To: box17@provider.net\nX-Original-To: ann@example.org',
    'ann@example.org by x-original-to',
  ],
  ['somebody else only', 'Delivered-To: box17@provider.net', 'postmaster@example.org by null'],
  ['a subdomain', 'Delivered-To: ann@mail.example.org', 'postmaster@example.org by null'],
  ['a domain that ends alike', 'Delivered-To: ann@notexample.org', 'postmaster@example.org by null'],
  ['others among ours', 'X-Envelope-To: x@evil.test, ann@example.org', 'ann@example.org by x-envelope-to'],
  // The outermost hop is believed: what is further in, the sender may have written.
  [
    'a forged field below',
    'X-Original-To: ann@example.org\nReceived: by provider\nX-Envelope-To: bob@example.org',
    'ann@example.org by x-original-to',
  ],
  [
    'Received above a forged field',
    'Received: by provider for <ann@example.org>; x\nX-Envelope-To: bob@example.org',
    'ann@example.org by received',
  ],
  [
    'Delivered-To of several hops',
    'Delivered-To: ann@example.org\nDelivered-To: sales@example.org\nReceived: by p\nDelivered-To: old@example.org',
    'ann@example.org by delivered-to',
  ],
  [
    'original before delivered within a hop',
    'Delivered-To: ann@example.org\nX-Original-To: sales@example.org',
    'sales@example.org by x-original-to',
  ],
  ['for in a comment', 'Received: from x (for <bob@example.org>) by y; d', 'postmaster@example.org by null'],
  // Never To and Cc: list mail, Bcc.
  ['list mail', 'To: list@lists.test\nCc: ann@example.org', 'postmaster@example.org by null'],
  ['Bcc', 'To: bob@example.org\nX-Original-To: ann@example.org', 'ann@example.org by x-original-to'],
  // Nonsense.
  ['no header', '', 'postmaster@example.org by null'],
  ['a line end in the address', 'X-Original-To: "a\n b"@example.org', '"a b"@example.org by x-original-to'],
  ['no address', 'X-Original-To: everybody', 'postmaster@example.org by null'],
  ['a command', 'X-Original-To: <ann@example.org>\rRCPT TO:<bob@example.org>', 'postmaster@example.org by null'],
];

describe('sortRecipients', () => {
  for (const [name, fields, result] of sorted)
    test(`sortRecipients reads ${name}`, () => {
      expect(sort(fields)).toBe(result);
    });

  test('sortRecipients believes the named field alone', () => {
    const fields = 'X-Original-To: bob@example.org\nX-Mine: ann@example.org';
    expect(sort(fields, { envelope: 'X-Mine' })).toBe('ann@example.org by x-mine');
    expect(sort('X-Original-To: bob@example.org', { envelope: 'X-Mine' })).toBe('postmaster@example.org by null');
    expect(sort('Received: by x for <ann@example.org>; d', { envelope: 'Received' })).toBe(
      'ann@example.org by received',
    );
  });

  test('sortRecipients gives the rest to the default address', () => {
    expect(sort('To: ann@example.org', { fallback: 'office@example.org' })).toBe('office@example.org by null');
  });

  test('sortRecipients takes no more than a hundred', () => {
    const many = Array.from({ length: 500 }, (_, i) => `u${i}@example.org`).join(', ');
    expect(sort(`X-Envelope-To: ${many}`).split(' ').length).toBe(100 + 2);
  });
});
