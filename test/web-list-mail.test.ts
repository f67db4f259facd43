import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHeader } from '../daemon/mail/header.ts';
import { scan } from '../daemon/mail/parts.ts';
import type { Account } from '../daemon/store.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  site.aliases.set('garden@example.org', 'ann@example.org');
  b = site.browser();
  await b.login('ann');
});
afterAll(() => site.close());

let last = 0;
const mail = (header: string, from = 'News <news@shop.example>') =>
  `From: ${from}\nTo: ann@example.org\nSubject: Number ${++last}\nMessage-ID: <n${last}@shop.example>\n${header}\n\nText.\n`;
const read = async (id: number) => (await b.page(`/mail/inbox/${id}`)).html;
const leave = (id: number) => b.post(`/messages/${id}/unsubscriptions`, { back: `/mail/inbox/${id}` });

describe('a list', () => {
  const oneClick = (id: string) =>
    `List-Id: Weekly <${id}>\nList-Unsubscribe: <https://l.example/u?i=${id}>, <mailto:u@l.example>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click`;

  test('is left by one POST of ours, and that is said on all its mail', async () => {
    const id = await site.deliver(ann, mail(oneClick('weekly.shop.example')));
    const html = await read(id);
    expect(html).toContain('From the list Weekly.');
    expect(html).toContain('This server asks l.example to send you nothing more.');
    const sent = await leave(id);
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `/mail/inbox/${id}`]);
    expect(site.posted.at(-1)).toEqual({
      url: 'https://l.example/u?i=weekly.shop.example',
      form: 'List-Unsubscribe=One-Click',
    });
    const next = await site.deliver(ann, mail(oneClick('weekly.shop.example'), 'Else <else@shop.example>'));
    expect(await read(next)).toContain('l.example was asked to stop, ');
    expect(await read(await site.deliver(ann, mail(oneClick('daily.shop.example'))))).not.toContain(
      'was asked to stop',
    );
  });

  test.each([
    [{ kind: 'refused', status: 404 } as const, 'l.example could not be asked.'],
    [{ kind: 'forbidden' } as const, 'l.example could not be asked.'],
    [{ kind: 'off line' } as const, 'This server is off line'],
  ])('that could not be asked (%o) is not said to have been', async (answer, words) => {
    const id = await site.deliver(ann, mail(oneClick(`not${last}.shop.example`)));
    site.answerPosts(answer);
    await leave(id);
    site.answerPosts({ kind: 'done' });
    const html = await read(id);
    expect(html).toContain(words);
    expect(html).not.toContain('was asked to stop');
  });

  test('is left by a letter where it wants one, by the address that got its mail', async () => {
    await site.store.identities.save(ann.id, {
      ...{
        address: 'garden@example.org',
        name: 'Ann',
        replyTo: '',
        signature: '',
        signatureHtml: '',
        isDefault: false,
      },
    });
    const letter = mail('List-Unsubscribe: <mailto:leave@l.example?subject=stop%20now&body=please>').replace(
      'To: ann@',
      'To: garden@',
    );
    const id = await site.deliver(ann, letter);
    const before = site.sent.length;
    await leave(id);
    const [sent] = site.sent.slice(before);
    expect(sent!.submission).toMatchObject({
      reversePath: 'garden@example.org',
      recipients: [{ address: 'leave@l.example' }],
    });
    expect(readHeader(Buffer.from(sent!.content)).text('subject')).toBe('stop now');
    expect(sent!.content).toContain('please');
    expect(await read(id)).toContain('leave@l.example was asked to stop, ');
  });

  test('whose way out is a page is a link to it, and nothing is asked', async () => {
    const id = await site.deliver(ann, mail('List-Unsubscribe: <https://l.example/u>', 'Page <page@shop.example>'));
    expect(await read(id)).toContain(
      '<a href="https://l.example/u" target="_blank" rel="noopener noreferrer nofollow">Unsubscribe (l.example)</a>',
    );
    expect((await leave(id)).status).toBe(404);
  });

  test('is answered as a whole where it says how', async () => {
    const id = await site.deliver(
      ann,
      mail('List-Id: <talk.garden.example>\nList-Post: <mailto:talk@garden.example>', 'Bo <bo@example.net>'),
    );
    expect(await read(id)).toContain(`href="/compose?reply=${id}&amp;list"`);
    const form = (await b.page(`/compose?reply=${id}&list`)).html;
    expect(form).toMatch(/name="to"[^>]*value="talk@garden\.example"/);
    const plain = (await b.page(`/compose?reply=${id}`)).html;
    expect(plain).toMatch(/name="to"[^>]*value="Bo &lt;bo@example\.net&gt;"/);
  });

  test('has its names escaped, and is nobody else’s to leave', async () => {
    const id = await site.deliver(
      ann,
      mail(
        'List-Id: <b>x</b> <x.example>\nList-Unsubscribe: <https://l.example/"><script>alert(1)</script>>, <mailto:u@l.example>',
      ),
    );
    expect(await read(id)).not.toContain('<script>alert');
  });
});

describe('a receipt', () => {
  /** As it comes from outside, with its trace in front. */
  const asks = async (from = 'Bo <bo@example.net>') => {
    const id = await site.deliver(
      ann,
      mail('Disposition-Notification-To: Bo <bo@example.net>', from),
      undefined,
      undefined,
    );
    return id;
  };

  test('is asked for in words, sent by choice and once, from nobody', async () => {
    const id = await asks();
    const before = site.sent.length;
    expect(await read(id)).toContain('bo@example.net asks to be told that you have read this.');
    expect(site.sent.length).toBe(before);
    await b.post(`/messages/${id}/receipts`, { receipt: 'send', back: `/mail/inbox/${id}` });
    await b.post(`/messages/${id}/receipts`, { receipt: 'send' });
    const sent = site.sent.slice(before);
    expect(sent.map(s => s.submission)).toMatchObject([
      { reversePath: null, recipients: [{ address: 'bo@example.net' }] },
    ]);
    const bytes = Buffer.from(sent[0]!.content, 'latin1');
    expect(scan(bytes).root.parts.map(p => p.type)).toEqual(['text/plain', 'message/disposition-notification']);
    expect(readHeader(bytes).get('in-reply-to')).toBe(`<n${last}@shop.example>`);
    expect(await read(id)).toContain('You told bo@example.net that you have read this, ');
  });

  test('can be refused, and sent later all the same', async () => {
    const id = await asks();
    const before = site.sent.length;
    await b.post(`/messages/${id}/receipts`, { receipt: 'no' });
    expect(await read(id)).toContain('You chose not to tell bo@example.net');
    expect(site.sent.length).toBe(before);
    expect((await b.post(`/messages/${id}/receipts`, { receipt: 'perhaps' })).status).toBe(404);
  });

  test('is nobody’s business where none is asked for', async () => {
    const id = await site.deliver(ann, mail('X-Nothing: 1'));
    expect((await b.post(`/messages/${id}/receipts`, { receipt: 'send' })).status).toBe(404);
  });
});
