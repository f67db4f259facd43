import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let eve: Account;
let b: ReturnType<TestSite['browser']>;
let other: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({
    host_domain: ['example.org'],
    authentication_from: [{ name: 'edge.example.org', from: ['192.0.2.5'] }],
  });
  ann = await site.account('ann');
  eve = await site.account('eve');
  b = site.browser();
  await b.login('ann');
  other = site.browser();
  await other.login('eve');
});
afterAll(() => site.close());

/** As it comes from the host that is believed, with its verdict. */
const trace = (verdict: string, from = '192.0.2.5') =>
  `Received: from edge ([${from}]) by example.org with ESMTPS id 1.1; Thu, 26 Nov 2026 00:00:00 +0000\n` +
  (verdict === '' ? '' : `Authentication-Results: edge.example.org; ${verdict}\n`);
const htmlMail = (html: string, { from = 'Shop <news@shop.example>', more = '' } = {}) =>
  `${more}From: ${from}\nTo: ann@example.org\nSubject: Offer\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nThe plain words.\n--b\nContent-Type: text/html; charset=utf-8\n\n${html}\n--b--\n`;
const picture = '<img src="https://img.example/a.png" width="300" height="200">';

const read = async (id: number, query = '') => (await b.page(`/mail/inbox/${id}${query}`)).html;
const frameOf = (html: string) => / src="(\/messages\/\d+\/body[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';

describe('images of a message', () => {
  test('are off, with the two ways to see them, and who is told', async () => {
    const id = await site.deliver(
      ann,
      htmlMail(
        `${picture}<img src="https://t.example/o.gif" width=1 height=1><a href="https://c.example/?u=https://x.example/">Read</a>`,
      ),
    );
    const html = await read(id);
    expect(html).toContain('2 images blocked. 1 of them looks like a tracking pixel from t.example.');
    expect(html).toContain('1 link leads by way of c.example, where clicks are counted.');
    expect(html).toContain('Always for news@shop.example');
    const once = await read(id, '?images=1');
    expect(frameOf(once)).toBe(`/messages/${id}/body?images=1`);
    expect(once).toContain('1 image that looks like a tracking pixel from t.example stays out.');
    const frame = await b.page(frameOf(once));
    expect(frame.html).toContain('src="https://img.example/a.png"');
    expect(frame.html).not.toContain('t.example');
    expect(frame.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await read(id)).toContain('2 images blocked.');
  });

  test('are always shown for a sender until that is taken back, by its name where nobody checks', async () => {
    const id = await site.deliver(ann, htmlMail(picture, { from: 'a@named.example' }));
    const next = await site.deliver(ann, htmlMail(picture, { from: 'A <A@Named.example>' }));
    const sent = await b.post(`/messages/${id}/images`, { always: 'on', back: `/mail/inbox/${id}` });
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `/mail/inbox/${id}`]);
    const html = await read(next);
    expect(html).toContain('Images of this sender are always shown.');
    expect((await b.page(frameOf(html))).html).toContain('src="https://img.example/a.png"');
    const listed = (await b.page('/settings/senders')).html;
    expect(listed).toContain('a@named.example');
    expect((await other.page('/settings/senders')).html).not.toContain('a@named.example');
    expect((await other.post('/settings/senders/removals', { kind: 'images', key: 'a@named.example' })).status).toBe(
      404,
    );
    expect((await b.post('/settings/senders/removals', { kind: 'images', key: 'a@named.example' })).status).toBe(303);
    expect(await read(next)).toContain('1 image blocked.');
  });

  test('of a sender who was checked then are not shown to who only has the name', async () => {
    const from = 'x@bank.example';
    const good = 'dmarc=pass header.from=bank.example';
    const id = await site.deliver(ann, htmlMail(picture, { from, more: trace(good) }));
    await b.post(`/messages/${id}/images`, { always: 'on', back: '/' });
    const real = await site.deliver(ann, htmlMail(picture, { from, more: trace(good) }));
    const forged = await site.deliver(ann, htmlMail(picture, { from, more: trace(good, '203.0.113.7') }));
    expect(frameOf(await read(real))).toContain('images=1');
    expect(frameOf(await read(forged))).not.toContain('images=1');
    const failed = await site.deliver(
      ann,
      htmlMail(picture, { from, more: trace('dmarc=fail header.from=bank.example') }),
    );
    const html = await read(failed);
    expect(frameOf(html)).not.toContain('images=1');
    expect(html).not.toContain('Always for');
    expect((await b.post(`/messages/${failed}/images`, { always: 'on' })).status).toBe(404);
  });
});

describe('the form of a message', () => {
  test('as text is kept for its sender, until the other is chosen', async () => {
    const id = await site.deliver(ann, htmlMail('<b>designed</b>', { from: 'plain@form.example' }));
    const next = await site.deliver(ann, htmlMail('<b>designed</b>', { from: 'plain@form.example' }));
    expect(await read(id)).toContain('Show as plain text');
    await b.post(`/messages/${id}/version`, { as: 'text', back: `/mail/inbox/${id}` });
    const html = await read(next);
    expect(html).toContain('The plain words.');
    expect(html).not.toContain('<iframe');
    await b.post(`/messages/${next}/version`, { as: 'html', back: '/' });
    expect(await read(id)).toContain('<iframe');
    expect(await read(id, '?as=text')).toContain('The plain words.');
  });

  test('may be dark, and is light where that is asked for or written so', async () => {
    const id = await site.deliver(ann, htmlMail('<p style="color:#000">x</p>'));
    const html = await read(id);
    expect(html).toContain('Show on a light page');
    expect((await b.page(frameOf(html))).html).toContain('light-dark(#000,');
    const light = await read(id, '?light=1');
    expect(light).toContain('class="frame light"');
    expect((await b.page(frameOf(light))).html).not.toContain('light-dark(#000');
  });

  test('names where a link leads that says something else', async () => {
    const id = await site.deliver(ann, htmlMail('<a href="https://evil.example/">https://bank.example/</a>'));
    expect((await b.page(frameOf(await read(id)))).html).toContain(
      '<small class="cw-leads">(leads to evil.example)</small>',
    );
  });
});

test('a link in plain text is told of where its host has letters to be taken for others', async () => {
  const id = await site.deliver(
    ann,
    'From: x@y.example\nSubject: s\nContent-Type: text/plain; charset=utf-8\n\nhttps://\u0430\u0440\u0440\u04cf\u0435.com/ and https://plain.example/\n',
  );
  const html = await read(id);
  expect(html).toContain('(leads to xn--80ak6aa92e.com)');
  expect(html).not.toContain('leads to plain.example');
});

describe('the sender of a message', () => {
  const plain = (from: string, more = '') => `${more}From: ${from}\nTo: ann@example.org\nSubject: s\n\nx\n`;

  test.each([
    ['checked', trace('dkim=pass header.d=bank.example'), 'from bank.example, checked'],
    ['not who it says', trace('dmarc=fail header.from=bank.example'), 'says it is from bank.example, and is not'],
    ['not checked by anybody', '', 'could not be checked'],
    ['checked by a stranger', trace('dmarc=pass header.from=bank.example', '203.0.113.7'), 'could not be checked'],
  ])('is %s', async (_, more, words) => {
    expect(await read(await site.deliver(ann, plain('x@bank.example', more)))).toContain(words);
  });

  test('is known where somebody signed in here sent it, and came encrypted where our trace says so', async () => {
    const id = await site.deliver(ann, plain('Eve <eve@example.org>'), undefined, { author: eve, others: [] });
    expect(await read(id)).toContain('from example.org, checked');
    const html = await read(await site.deliver(ann, plain('x@bank.example', trace(''))));
    expect(html).toContain('Came to us encrypted.');
    expect(await read(await site.deliver(ann, plain('x@bank.example')))).not.toContain('Came to us');
  });

  test('is warned of in words, with what is odd', async () => {
    await site.store.correspondents.wroteTo(ann.id, [{ name: 'Bo Ek', address: 'bo@paypal.com' }], 1);
    // Whom one knows is read anew after a minute.
    site.clock.now += 61_000;
    const html = await read(
      await site.deliver(ann, plain('"Bo Ek" <bo@paypa1.com>', 'Reply-To: else@where.example\n')),
    );
    for (const words of [
      'paypa1.com looks like paypal.com, which you know',
      'You know somebody of this name by another address: bo@paypal.com.',
      'Answers go to else@where.example, not to the sender.',
    ])
      expect(html).toContain(words);
    const odd = await read(await site.deliver(ann, plain('"ann@example.org" <x@evil.example>')));
    expect(odd).toContain('The name says ann@example.org, but it was sent from x@evil.example.');
    expect(await read(await site.deliver(ann, plain('Bo Ek <bo@paypal.com>')))).not.toContain('class="oddities"');
  });
});
