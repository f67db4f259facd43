import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { openSite, origin, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let eve: Account;
let a: ReturnType<TestSite['browser']>;
let e: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  eve = await site.account('eve');
  a = site.browser();
  e = site.browser();
  await a.login('ann');
  await e.login('eve');
});
afterAll(() => site.close());

const blank = { name: '', address: [], label: [], groups: '', note: '', modseq: '0' };
const add = async (who: typeof a, fields: Record<string, string | string[]>) =>
  (await who.post('/contacts', { ...blank, ...fields })).headers.get('Location') ?? '';
const idIn = (location: string) => location.split('/').pop()!;
const text = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const upload = (who: typeof a, content: string | Buffer) => {
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(Buffer.from(content))]), 'people.vcf');
  return who.page('/contacts/imports', { method: 'POST', body, headers: { Origin: origin } });
};

describe('contacts', () => {
  test('are added, shown, changed, and found by name and address', async () => {
    const at = await add(a, {
      name: 'Bo <Ek>',
      address: ['bo@example.net', '', 'b@firm.example'],
      label: ['Home', '', 'Boat'],
      groups: 'Choir, Work',
      note: 'tea',
    });
    expect(at).toMatch(/^\/contacts\/\d+$/);
    const { html } = await a.page(at);
    expect(html).toContain('Bo &lt;Ek&gt; saved.');
    expect(html).toContain('value="Choir, Work"');
    expect((await site.store.contacts.some(ann.id, [Number(idIn(at))]))[0]).toMatchObject({
      addresses: [
        { label: 'home', address: 'bo@example.net' },
        { label: 'Boat', address: 'b@firm.example' },
      ],
    });
    for (const q of ['bo', 'firm', 'ek b']) expect((await a.page(`/contacts?q=${q}`)).html).toContain('Bo &lt;Ek&gt;');
    expect((await a.page('/contacts?q=zebra')).html).toContain('Nobody found');
    const modseq = /name="modseq" value="(\d+)"/.exec(html)![1]!;
    await a.post(at, { ...blank, name: 'Bo Ek', address: 'bo@example.net', modseq });
    expect((await a.page('/contacts')).html).toContain('Bo Ek');
    // Who saw an older one is told, keeps what was typed, and may insist.
    const stale = await a.post(at, { ...blank, name: 'Bobo', address: 'bo@example.net', modseq });
    expect([stale.status, text(stale.html)]).toEqual([409, expect.stringContaining('changed in another window')]);
    expect(stale.html).toContain('value="Bobo"');
    const seen = /name="modseq" value="(\d+)"/.exec(stale.html)![1]!;
    expect((await a.post(at, { ...blank, name: 'Bobo', address: 'bo@example.net', modseq: seen })).status).toBe(303);
  });

  test.each([
    [{ name: '' }, 'Give a name or an address.'],
    [{ name: 'X', address: 'nonsense' }, '“nonsense” is not an address'],
    [{ name: 'X', address: ['a@b.example', 'x@y.example\r\nBcc: z@z.example'] }, 'is not an address'],
  ])('that say nothing or nonsense are not saved: %j', async (fields, why) => {
    const { status, html } = await a.post('/contacts', { ...blank, ...fields });
    expect([status, text(html)]).toEqual([422, expect.stringContaining(why)]);
  });

  test('go and come back by undo; groups are made, left and removed', async () => {
    const id = idIn(await add(a, { name: 'Cy', address: 'cy@example.net' }));
    await a.post('/contacts/memberships', { contact: id, group: 'Friends', back: '/contacts' });
    expect((await a.page('/contacts')).html).toContain('1 contact added to “Friends”.');
    const [friends] = (await site.store.contacts.groups(ann.id)).filter(g => g.name === 'Friends');
    expect((await a.page(`/contacts?group=${friends!.id}`)).html).toContain('Cy');
    const letter = await a.post('/contacts/letters', { contact: id });
    expect(letter.headers.get('Location')).toBe('/compose?to=Cy%20%3Ccy%40example.net%3E');
    await a.post('/contacts/removals', { contact: id, back: '/contacts' });
    const { html } = await a.page('/contacts');
    expect(html).toContain('action="/contacts/restorations"');
    expect(html).not.toContain(`href="/contacts/${id}"`);
    await a.post('/contacts/restorations', { contact: id, back: '/contacts' });
    expect((await a.page('/contacts')).html).toContain(`href="/contacts/${id}"`);
    expect((await a.post(`/contact-groups/${friends!.id}`, { name: 'a,b' })).status).toBe(422);
    await a.post(`/contact-groups/${friends!.id}/removal`, {});
    expect((await a.page(`/contacts?group=${friends!.id}`)).status).toBe(404);
  });

  test('are made from who wrote a message, or opened where there is one', async () => {
    const give = (from: string) => site.deliver(ann, `From: ${from}\nSubject: Hi\n\nHello.\n`);
    const id = await give('"Nia, <b>" <nia@example.net>');
    const { html } = await a.page(`/mail/inbox/${id}`);
    expect(html).toContain(`href="/contacts/new?from=${id}"`);
    expect(html).toContain('href="/search?q=from%3Ania%40example.net"');
    const form = await a.page(`/contacts/new?from=${id}`);
    expect(form.html).toContain('value="Nia, &lt;b&gt;"');
    expect(form.html).toContain('value="nia@example.net"');
    const at = await add(a, { name: 'Nia', address: 'Nia@Example.net' });
    expect((await a.page(`/contacts/new?from=${id}`)).headers.get('location')).toBe(at);
    // Somebody with nearly that address is somebody else.
    const other = await a.page(`/contacts/new?from=${await give('x.nia@example.net')}`);
    expect([other.status, other.html.includes('value="x.nia@example.net"')]).toEqual([200, true]);
    for (const nobody of [await give('Nobody'), 999_999]) {
      const { status } = await a.page(`/contacts/new?from=${nobody}`);
      expect(status).toBe(404);
    }
  });

  test('beyond what an address book holds are left out of an import, and said to be', async () => {
    const full = await site.account('full');
    const b = site.browser();
    await b.login('full');
    const rows = Array.from({ length: 10_003 }, (_, n) => `P${n};p${n}@example.net`);
    expect((await upload(b, ['Name;E-Mail', 'Nobody;', ...rows].join('\n'))).status).toBe(303);
    expect(text((await b.page('/contacts')).html)).toMatch(
      /10,000 contacts imported\. Completed: 0\. Not readable, or with no e-mail address: 1\. Left out, as an address book holds 10,000 contacts: 3\./,
    );
    expect(await site.store.contacts.count(full.id)).toBe(10_000);
  });

  test('come in from a file and go out as one; the same file again adds nobody', async () => {
    const file =
      'BEGIN:VCARD\r\nVERSION:3.0\r\nN:Öberg;Elsa;;;\r\nFN:Elsa Öberg\r\nEMAIL;TYPE=HOME:elsa@example.net\r\nTEL:+46 70\r\nEND:VCARD\r\nBEGIN:VCARD\r\nEND:VCARD\r\n';
    expect((await upload(e, file)).status).toBe(303);
    expect((await e.page('/contacts')).html).toContain('1 contact imported. Completed: 0. Not readable: 1.');
    await upload(e, file);
    expect((await e.page('/contacts')).html).toContain('0 contacts imported.');
    const [elsa] = (await site.store.contacts.page(eve.id, { limit: 2 })).contacts;
    expect((await e.page(`/contacts/${elsa!.id}`)).html).toContain('+46 70');
    const out = await e.page('/contacts/cards.vcf');
    expect(out.headers.get('Content-Type')).toMatch(/^text\/vcard/);
    expect(out.html).toContain('FN:Elsa Öberg\r\nEMAIL;TYPE=home:elsa@example.net\r\n');
    for (const [content, status, why] of [
      ['hello', 422, 'no contacts in this file'],
      [Buffer.alloc(5_000_001, 'x'), 413, 'over 5 MB'],
    ] as const) {
      const answer = await upload(e, content);
      expect([answer.status, text(answer.html)]).toEqual([status, expect.stringContaining(why)]);
    }
    expect((await e.post('/contacts/imports', { file: 'x' })).status).toBe(400);
    // Of a table it says which rows were left out; and where all were, what it has instead of addresses.
    const rows = ['Name;E-Mail', 'Fia;fia@example.net', 'Gil;', ...Array.from({ length: 14 }, (_, i) => `N${i};`)];
    expect((await upload(e, rows.join('\n'))).status).toBe(303);
    expect(text((await e.page('/contacts')).html)).toMatch(
      /1 contact imported\. Completed: 0\. Left out, with no e-mail address: 15, in these rows of the table: 3, 4, .*14,? and …\./,
    );
    const none = await upload(e, 'Name,Telephone\nHal,1\n');
    expect([none.status, text(none.html)]).toEqual([
      422,
      expect.stringContaining('Its columns are Name and Telephone:'),
    ]);
  });
});

describe('recipients', () => {
  test('who was written to is offered, by the name that was typed; and can be forgotten or kept', async () => {
    await a.post('/drafts/submissions', {
      key: 'key-recipients',
      to: 'Fay Ray <fay@far.example>',
      cc: '',
      bcc: 'secret@far.example',
      subject: 's',
      text: 't',
    });
    const list = await a.page('/contacts/suggestions?q=ray&list=to-1');
    expect(list.html).toContain('<ul role="listbox" id="to-1"');
    expect(list.html).toContain('data-value="Fay Ray &lt;fay@far.example&gt;"');
    const found = await site.store.correspondents.page(ann.id, null, 9);
    expect(found.map(p => p.address).sort()).toEqual(['fay@far.example', 'secret@far.example']);
    const [secret, fay] = ['secret@far.example', 'fay@far.example'].map(x =>
      String(found.find(p => p.address === x)!.id),
    );
    await a.post('/correspondents/removals', { person: secret! });
    expect((await a.page('/correspondents')).html).not.toContain('secret@far.example');
    await a.post('/correspondents/cards', { person: fay! });
    expect((await a.page('/contacts?q=fay')).html).toContain('Fay Ray');
  });

  test('a group is offered with all who are in it', async () => {
    await add(a, { name: 'Gil', address: 'gil@example.net', groups: 'Quartet' });
    await add(a, { name: 'Hal, Jr.', address: 'hal@example.net', groups: 'Quartet' });
    const { html } = await a.page('/contacts/suggestions?q=quart');
    expect(html).toContain('data-value="Gil &lt;gil@example.net&gt;, &quot;Hal, Jr.&quot; &lt;hal@example.net&gt;"');
    expect(html).toContain('2 people');
  });

  test('are chosen on a page, without script, and what was written stays', async () => {
    const chosen = await a.post('/drafts/recipients', {
      key: 'key-choosing',
      to: 'zed@example.net',
      cc: '',
      bcc: '',
      subject: 'Plan',
      text: 'So far',
    });
    const at = chosen.headers.get('Location')!;
    expect(at).toMatch(/^\/drafts\/\d+\/recipients$/);
    const { html } = await a.page(`${at}?q=gil`);
    expect(html).toContain('value="Gil &lt;gil@example.net&gt;"');
    const back = await a.post(at, { person: ['Gil <gil@example.net>', '"Hal, Jr." <hal@example.net>'], field: 'to' });
    const draft = await a.page(back.headers.get('Location')!);
    expect(draft.html).toContain(
      'value="zed@example.net, Gil &lt;gil@example.net&gt;, &quot;Hal, Jr.&quot; &lt;hal@example.net&gt;"',
    );
    expect(draft.html).toContain('So far');
  });
});
