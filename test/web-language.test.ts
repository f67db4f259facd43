import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  await site.account('ann');
});
afterAll(() => site.close());

const langOf = (html: string): string => /<html lang="([^"]*)" dir="([^"]*)"/.exec(html)?.slice(1).join(' ') ?? '';

describe('language', () => {
  test.each([
    ['', 'en-GB ltr'],
    ['de-AT, en;q=0.5', 'de-AT ltr'],
    ['ar', 'ar-EG rtl'],
    ['tlh', 'en-GB ltr'],
    ['de"><script>', 'en-GB ltr'],
  ])('a visitor whose browser asks for %j reads %s', async (accept, expected) => {
    const { html } = await site.browser().page('/login', { headers: { 'Accept-Language': accept } });
    expect(langOf(html)).toBe(expected);
  });

  test('the choice made on a page before signing in holds on this device, and leads back to that page', async () => {
    const b = site.browser();
    const { html } = await b.page('/login?next=%2Fsearch');
    expect(html).toMatch(/<input type="hidden" name="back" value="\/login\?next=%2Fsearch">/);
    expect(html).toMatch(/<button[^>]* name="language" value="ar" lang="ar" dir="rtl"/);
    const chosen = await b.post('/language', { language: 'ar', back: '/login?next=%2Fsearch' });
    expect([chosen.status, chosen.headers.get('location')]).toEqual([303, '/login?next=%2Fsearch']);
    const headers = { 'Accept-Language': 'fr' };
    expect(langOf((await b.page('/login', { headers })).html)).toMatch(/^ar\S* rtl$/);
    await b.login('ann');
    expect(langOf((await b.page('/mail/inbox', { headers })).html)).toMatch(/^ar\S* rtl$/);
  });

  test.each([
    ['xx', '/login'],
    ['', '//evil.test/'],
    ['constructor', 'https://evil.test/'],
  ])('POST /language with %j to %s chooses nothing and stays here', async (language, back) => {
    const b = site.browser();
    const answer = await b.post('/language', { language, back });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
    expect(b.cookies.has('language')).toBe(false);
  });

  test('the setting of the account comes before all else, on every device', async () => {
    const bo = await site.account('bo');
    await site.store.accounts.set(bo.id, { language: 'ja', zone: 'Asia/Tokyo' });
    const b = site.browser();
    await b.post('/language', { language: 'de', back: '/' });
    await b.login('bo');
    await site.deliver(bo, 'From: Cy <cy@example.net>\nSubject: x\n\nx\n', Date.UTC(2020, 0, 1, 20));
    const { html } = await b.page('/mail/inbox', { headers: { 'Accept-Language': 'fr' } });
    expect(langOf(html)).toBe('ja-JP ltr');
    // 20:00 UTC is the next day in Tokyo
    expect(html).toContain('2020年1月2日');
  });

  test('a site has a language for those whose browser asks for none there is', async () => {
    const there = await openSite({ default_language: 'fr' });
    expect(langOf((await there.browser().page('/login')).html)).toBe('fr-FR ltr');
    await there.close();
  });
});
