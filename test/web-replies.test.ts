import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
});
afterAll(() => site.close());

const field = (html: string, name: string) =>
  new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
const formOf = (html: string) =>
  Object.fromEntries(['key', 'related', 'relation', 'draft', 'version', 'from'].map(name => [name, field(html, name)]));
const idOf = async (name: string) => (await site.store.cannedReplies.list(ann.id)).find(r => r.name === name)!.id;

describe('canned replies', () => {
  test('are kept, changed, listed and removed; what is wrong is told beside what was typed', async () => {
    expect((await b.page('/settings/replies')).html).toContain('None yet.');
    expect((await b.post('/settings/replies', { name: ' Thanks ', text: 'Thank you <very> much.\n' })).status).toBe(
      303,
    );
    const page = (await b.page('/settings/replies')).html;
    expect(page).toContain('Thank you &lt;very&gt; much.');
    const id = await idOf('Thanks');
    for (const [name, text, told] of [
      ['', 'x', 'Give it a name.'],
      ['a'.repeat(101), 'x', 'at most 100 characters'],
      ['Other', ' ', 'Write what it says.'],
      ['Other', 'x'.repeat(20_001), 'too long'],
      ['THANKS', 'typed', 'There is one of this name.'],
    ] as const) {
      const wrong = await b.post('/settings/replies', { name, text });
      expect([wrong.status, wrong.html.includes(told), wrong.html.includes(`>\n${text}</textarea>`)]).toEqual([
        422,
        true,
        true,
      ]);
    }
    expect((await b.post(`/settings/replies/${id}`, { name: 'Thanks', text: 'Thanks!' })).status).toBe(303);
    expect((await b.page(`/settings/replies/${id}`)).html).toContain('>\nThanks!</textarea>');
    expect((await b.post(`/settings/replies/${id}/removal`, {})).status).toBe(303);
    expect((await b.page(`/settings/replies/${id}`)).status).toBe(404);
  });

  test('keep formatting, safe and without pictures, and say it as text', async () => {
    const html = '<p>Dear <b>all</b><script>x</script></p><img src="cid:i-1"><img src="data:image/png;base64,AA">';
    await b.post('/settings/replies', { name: 'Formatted', html });
    const id = await idOf('Formatted');
    expect(await site.store.cannedReplies.get(ann.id, id)).toMatchObject({
      html: '<p>Dear <b>all</b></p>',
      text: 'Dear all\n',
    });
    expect(JSON.parse((await b.page(`/settings/replies/${id}/text`)).html)).toEqual({
      html: '<p>Dear <b>all</b></p>',
      text: 'Dear all\n',
    });
    // Without script it goes on as plain text by choice.
    await b.post(`/settings/replies/${id}`, { name: 'Formatted', html, plain: '1' });
    expect(await site.store.cannedReplies.get(ann.id, id)).toMatchObject({ html: null, text: 'Dear all\n' });
  });

  test('are put in without script: below what was written, above the signature and the quote', async () => {
    await b.post('/settings/replies', { name: 'Hours', text: 'We open at ten.\n' });
    const id = String(await idOf('Hours'));
    const insert = async (form: Record<string, string>) => {
      const { html } = await b.page('/compose');
      expect(html).toContain('>Hours</option>');
      const put = await b.post('/drafts/uploads', {
        ...formOf(html),
        to: '',
        subject: '',
        ...form,
        canned: id,
        insert: '1',
      });
      return (await b.page(put.headers.get('location') ?? '')).html;
    };
    expect(await insert({ text: 'Hello\n\n-- \nAnn\n' })).toContain(
      '>\nHello\n\nWe open at ten.\n\n-- \nAnn\n</textarea>',
    );
    expect(await insert({ text: '\n\nBo wrote:\n> When?\n' })).toContain(
      '>\nWe open at ten.\n\nBo wrote:\n&gt; When?\n</textarea>',
    );
    expect(await insert({ text: '' })).toContain('>\nWe open at ten.\n</textarea>');
    expect(await insert({ html: '<p>Hi</p><div class="signature">A</div>' })).toContain(
      '&lt;p&gt;Hi&lt;/p&gt;&lt;div&gt;We open at ten.&lt;/div&gt;&lt;div class=&quot;signature&quot;&gt;A',
    );
  });
});

describe('a signature with formatting', () => {
  const identity = { address: 'ann@example.org', replyTo: '' };

  test('is kept safe beside its text, and signs letters in either form', async () => {
    const html = '<div><b>Ann</b> <a href="javascript:x">x</a></div><img src="cid:i-1" onerror="x()">';
    expect((await b.post('/settings/identities', { ...identity, html })).status).toBe(303);
    expect(await site.store.identities.list(ann.id)).toMatchObject([
      { signature: 'Ann x', signatureHtml: '<div><b>Ann</b> <a>x</a></div>' },
    ]);
    const page = (await b.page('/compose')).html;
    expect(page).toContain('-- \nAnn x\n</textarea>');
    const converted = await b.post('/drafts/conversions', { text: 'Hi\n\n-- \nAnn x\n', related: '', from: '' });
    expect(JSON.parse(converted.html).html).toBe(
      '<div>Hi</div><div class="signature"><div>-- </div><div><b>Ann</b> <a>x</a></div></div><div><br></div>',
    );
    await site.store.accounts.set(ann.id, { writesRich: true });
    expect((await b.page('/compose')).html).toContain(
      '&lt;div class=&quot;signature&quot;&gt;&lt;div&gt;-- &lt;/div&gt;',
    );
    await site.store.accounts.set(ann.id, { writesRich: false });
  });

  test('goes back to lines of text by choice', async () => {
    await b.post('/settings/identities', { ...identity, html: '<b>Ann</b>', plain: '1' });
    expect(await site.store.identities.list(ann.id)).toMatchObject([{ signature: 'Ann', signatureHtml: '' }]);
  });
});
