import { describe, expect, test } from 'vitest';
import { readHeader } from '../daemon/mail/header.ts';
import { readListMail } from '../daemon/mail/list.ts';

const of = (header: string) => readListMail(readHeader(Buffer.from(`${header}\n\n`)));
const leave = (unsubscribe: string, post = '') =>
  of(`List-Unsubscribe: ${unsubscribe}${post === '' ? '' : `\nList-Unsubscribe-Post: ${post}`}`)?.leave ?? null;

describe('readListMail', () => {
  test('knows a list by its id, and where one writes to it', () => {
    expect(of('List-Id: "Garden talk" <Talk.Garden.example>\nList-Post: <mailto:talk@garden.example>')).toEqual({
      id: 'talk.garden.example',
      name: 'Garden talk',
      post: 'talk@garden.example',
      leave: null,
    });
    expect(of('List-Id: <news.shop.example>\nList-Post: NO')).toMatchObject({ name: '', post: null });
    expect(of('Subject: x')).toBeNull();
    expect(of('List-Id: nothing in brackets')).toBeNull();
  });

  const click = 'List-Unsubscribe=One-Click';
  test.each([
    ['<https://l.example/u?i=1>', click, { kind: 'one-click', url: 'https://l.example/u?i=1', host: 'l.example' }],
    ['<mailto:u@l.example>,\n <https://l.example/u>', ` ${click.toLowerCase()} `, { kind: 'one-click' }],
    // Without the field a POST would be nobody's wish (RFC 8058 §3.2).
    ['<https://l.example/u>', '', { kind: 'link', url: 'https://l.example/u' }],
    ['<https://l.example/u>', 'yes', { kind: 'link' }],
    [
      '<http://l.example/u>, <mailto:u@l.example?subject=Leave%20me&body=now>',
      click,
      { kind: 'mail', to: 'u@l.example', subject: 'Leave me', body: 'now' },
    ],
    ['<mailto:u@l.example>', '', { kind: 'mail', to: 'u@l.example', subject: 'unsubscribe', body: '' }],
    ['<mailto:u@l.example?cc=eve@evil.example&bcc=x@evil.example>', '', { kind: 'mail', to: 'u@l.example' }],
    ['<mailto:u@l.example?subject=a%0d%0aBcc:x@evil.example>', '', { subject: 'a Bcc:x@evil.example' }],
    ['(comment) <https://l.example/\n u>', '', { kind: 'link', url: 'https://l.example/u' }],
  ])('leaves by %s %s', (unsubscribe, post, found) => {
    expect(leave(unsubscribe, post)).toMatchObject(found);
  });

  test.each([
    '<javascript:alert(1)>',
    '<http://l.example/u>',
    '<https://user:pass@l.example/>',
    '<file:///etc/passwd>',
    '<mailto:>',
    '<mailto:a@b@c@>',
    '<mailto:a,b@l.example>',
    'https://l.example/u',
    '<>',
  ])('cannot be left by %s', unsubscribe => {
    expect(leave(unsubscribe, click)).toBeNull();
  });

  test('reads a bomb in linear time', () => {
    expect(leave('<'.repeat(200_000))).toBeNull();
    expect(leave('<a>,'.repeat(50_000))).toBeNull();
    expect(leave(`<${'\n '.repeat(200_000)}x`)).toBeNull();
    expect(leave(`<${'\t'.repeat(3_999)}`)).toBeNull();
    expect(of(`List-Id: ${'<'.repeat(100_000)}`)).toBeNull();
  });
});
