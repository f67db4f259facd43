import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHeader } from '../daemon/mail/header.ts';
import type { Account } from '../daemon/store.ts';
import { resigned } from '../web/author.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let a: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  site.aliases.set('sales@example.org', 'ann@example.org');
  site.aliases.set('eve@example.org', 'eve@example.org');
  a = site.browser();
  await a.login('ann');
});
afterAll(() => site.close());

const blank = { name: '', replyTo: '', signature: '' };
const give = (to: string, more = '') =>
  site.deliver(ann, `From: Bo <bo@far.example>\r\nTo: ${to}\r\nSubject: Q\r\n${more}\r\nHow are you?\r\n`);
const chosen = (html: string) => /<option value="([^"]*)"[^>]* selected/.exec(html)?.[1];
const body = (html: string) => /<textarea[^>]*name="text"[^>]*>\n([^<]*)</.exec(html)?.[1];

describe('identities', () => {
  test('of addresses that lead here are offered and taken; others are refused with what to do', async () => {
    const { html } = await a.page('/settings/identities');
    expect(html).toContain('You may write as sales@example.org.');
    const no = await a.post('/settings/identities', { ...blank, address: 'eve@example.org' });
    expect([no.status, no.html]).toEqual([422, expect.stringContaining('You cannot write as eve@example.org')]);
    for (const fields of [
      { address: 'nonsense' },
      { address: 'ann@example.org', replyTo: 'nonsense' },
      { address: 'sales@example.org', name: 'a\u2028b' },
      { address: 'ann@example.org', signature: 'x'.repeat(2001) },
    ])
      expect((await a.post('/settings/identities', { ...blank, ...fields })).status).toBe(422);
    expect(await site.store.identities.list(ann.id)).toEqual([]);
    const sales = {
      address: 'SALES@example.org'.toLowerCase(),
      name: 'Sales',
      replyTo: 'desk@example.org',
      signature: 'Sales\r\nof Ann',
    };
    expect((await a.post('/settings/identities', sales)).status).toBe(303);
    expect(
      (await a.post('/settings/identities', { ...blank, address: 'ann@example.org', signature: 'Ann' })).status,
    ).toBe(303);
    const page = await a.page('/settings/identities');
    expect(page.html).toContain('Sales\nof Ann');
    expect(page.html).not.toContain('You may write as');
  });

  test('a new letter begins as the default, with its signature; an answer as whom the message came to', async () => {
    const fresh = await a.page('/compose?body=Hello');
    expect([chosen(fresh.html), body(fresh.html)]).toEqual(['ann@example.org', 'Hello\n\n-- \nAnn\n']);
    const toSales = await a.page(`/compose?reply=${await give('Sales <sales@example.org>')}`);
    expect(chosen(toSales.html)).toBe('sales@example.org');
    expect(body(toSales.html)).toMatch(/^\n\n-- \nSales\nof Ann\n\nOn .* wrote:\n&gt; How are you\?\n$/);
    // Both addresses are one's own: neither gets a copy.
    const all = await a.page(
      `/compose?reply=${await give('sales@example.org, cy@far.example', 'Cc: ann@example.org\r\n')}&all=1`,
    );
    expect(all.html).toContain('value="cy@far.example"');
    expect(all.html).not.toContain('value="ann@example.org, ');
    expect(chosen((await a.page(`/compose?reply=${await give('list@far.example')}`)).html)).toBe('ann@example.org');
    await a.post('/settings/identities', {
      address: 'sales@example.org',
      name: 'Sales',
      replyTo: 'desk@example.org',
      signature: 'Sales\r\nof Ann',
      default: '1',
    });
    expect(chosen((await a.page('/compose')).html)).toBe('sales@example.org');
    expect(chosen((await a.page(`/compose?reply=${await give('list@far.example')}`)).html)).toBe('ann@example.org');
  });

  test('a letter goes out as who was chosen, in envelope and header; the signature changes hands without script', async () => {
    const form = {
      key: 'key-identity',
      to: 'bo@far.example',
      cc: '',
      bcc: '',
      subject: 's',
      text: 'Hi\r\n\r\n-- \r\nAnn\r\n',
      from: 'sales@example.org',
      signed: 'ann@example.org',
    };
    expect((await a.post('/drafts/submissions', form)).status).toBe(303);
    const { submission, content } = site.sent.at(-1)!;
    expect(submission.reversePath).toBe('sales@example.org');
    const header = readHeader(Buffer.from(content, 'latin1'));
    expect([header.get('from'), header.get('reply-to')]).toEqual(['Sales <sales@example.org>', 'desk@example.org']);
    expect(content).toContain('Hi\r\n\r\n-- \r\nSales\r\nof Ann\r\n');
    // Nobody writes as who is not among one's own, whatever a form says.
    await a.post('/drafts/submissions', { ...form, key: 'key-stranger', from: 'eve@example.org' });
    expect(site.sent.at(-1)!.submission.reversePath).toBe('sales@example.org');
  });

  test('a removed identity is offered no more, and drafts of it are the default’s', async () => {
    const saved = await a.post('/drafts', {
      key: 'key-removed',
      to: 'x@y.example',
      cc: '',
      bcc: '',
      subject: 's',
      text: 't',
      from: 'sales@example.org',
    });
    expect(saved.status).toBe(303);
    const [sales] = (await site.store.identities.list(ann.id)).filter(i => i.name === 'Sales');
    expect((await a.post(`/settings/identities/${sales!.id}/removal`, {})).status).toBe(303);
    expect((await a.post(`/settings/identities/${sales!.id}/removal`, {})).status).toBe(404);
    const [draft] = await site.store.drafts.list(ann.id);
    const { html } = await a.page(`/drafts/${draft!.id}`);
    expect(html).toContain('type="hidden" name="from" value="ann@example.org"');
  });
});

test.each([
  ['is put at the end', 'Hi', '', 'A', 'Hi\n\n-- \nA\n'],
  [
    'is put above the quote',
    'Hi\n\nOn Monday, Bo wrote:\n> x\n',
    '',
    'A',
    'Hi\n\n\n-- \nA\n\nOn Monday, Bo wrote:\n> x\n',
  ],
  ['takes the place of the other', 'Hi\n\n-- \nA\n\nOn\n> x', 'A', 'B\nC', 'Hi\n\n-- \nB\nC\n\nOn\n> x'],
  ['goes', 'Hi\n\n-- \nA\n', 'A', '', 'Hi\n\n\n'],
  ['that was changed by hand stays', 'Hi\n\n-- \nA, changed', 'A', 'B', 'Hi\n\n-- \nA, changed'],
  ['that was taken out is not put back', 'Hi', 'A', 'B', 'Hi'],
])('resigned: a signature %s', (_, text, before, after, expected) => {
  expect(resigned(text, before, after)).toBe(expected);
});
