import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let a: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  a = site.browser();
  await a.login('ann');
});
afterAll(() => site.close());

const rule = { name: 'Twin', all: '1', field: 'from', test: 'contains', text: 'bo', place: '', read: '1', keep: '1' };
const contact = { name: 'Bo', address: 'bo@example.net', label: '', groups: '', note: '', modseq: '0' };
const made: [string, Record<string, string>, () => Promise<number>][] = [
  ['/contacts', contact, () => site.store.contacts.count(ann.id)],
  ['/settings/rules', rule, async () => (await site.store.mailRules.list(ann.id)).length],
  ['/folders', { name: 'Twin' }, async () => (await site.store.folders.list(ann.id)).length],
  ['/labels', { name: 'Twin', colour: 'red' }, async () => (await site.store.labels.list(ann.id)).length],
  [
    '/settings/replies',
    { name: 'Twin', text: 'Yes.' },
    async () => (await site.store.cannedReplies.list(ann.id)).length,
  ],
];

test.each(made)(
  'what POST %s makes is made once by two clicks, and both are led there',
  async (path, fields, count) => {
    const before = await count();
    const both = await Promise.all([a.post(path, fields), a.post(path, fields)]);
    const third = await a.post(path, fields);
    expect(await count()).toBe(before + 1);
    const [first, ...others] = [...both, third].map(r => [r.status, r.headers.get('Location')]);
    expect(first![0]).toBe(303);
    expect(others).toEqual([first, first]);
    // Whichever of them the browser shows tells what was done.
    const told = [...both, third].map(r => r.headers.getSetCookie().filter(line => line.startsWith('notice')).length);
    expect(new Set(told).size).toBe(1);
  },
);

test('what was refused is looked at anew, another account is asked by itself, and later it is meant again', async () => {
  const nameless = { ...contact, name: '', address: '' };
  const refused = await Promise.all([a.post('/contacts', nameless), a.post('/contacts', nameless)]);
  expect(refused.map(r => r.status)).toEqual([422, 422]);
  await site.account('eve');
  const e = site.browser();
  await e.login('eve');
  expect((await e.post('/contacts', contact)).status).toBe(303);
  expect(await site.store.contacts.count(ann.id)).toBe(1);
  site.clock.now += 60_000;
  await a.post('/contacts', contact);
  expect(await site.store.contacts.count(ann.id)).toBe(2);
});
