import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { holds } from './holding.ts';
import { openSite, type TestSite } from './site.ts';
import { formOf } from './site-talk.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeEach(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
  holds(site, ann);
});
afterEach(() => site.close());

const fields = { to: 'bo@example.net', cc: '', bcc: '', subject: 'Saturday', text: 'At ten?' };
const toast = (html: string) => {
  const [, inside = ''] = /<section class="toast"(.*?)<\/section>/s.exec(html) ?? [];
  const named = [...inside.matchAll(/name="(\w+)" value="(\d+)"/g)].map(m => [m[1]!, m[2]!]);
  return { action: / action="([^"]*)"/.exec(inside)?.[1] ?? '', form: Object.fromEntries(named) };
};
const folderOf = async (id: number) => {
  const folders = await site.store.folders.list(ann.id);
  const at = (await site.store.messages.get(ann.id, id))?.folderId;
  return folders.find(f => f.id === at)?.role;
};

test('Undo of “Send and archive” brings back what was answered, and it was not marked as answered', async () => {
  const source = 'From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: Saturday?\n\nWhen?\n';
  const asked = await site.deliver(ann, source);
  const form = formOf((await b.page(`/compose?reply=${asked}`)).html);
  await b.post('/drafts/submissions', { ...form, text: 'At ten.', archive: '1' });
  expect(await folderOf(asked)).toBe('archive');
  const { action, form: undo } = toast((await b.page('/mail/inbox')).html);
  const back = await b.post(action, undo);
  expect(back.headers.get('location')).toBe(`/drafts/${undo.draft}`);
  expect(await folderOf(asked)).toBe('inbox');
  expect((await site.store.messages.get(ann.id, asked))!.flags & Flag.answered).toBe(0);
  const { html } = await b.page(`/drafts/${undo.draft}`);
  expect(formOf(html)).toMatchObject({ relation: 'reply', related: String(asked), text: 'At ten.' });
  // Whom it was not sent to is not remembered.
  expect(await site.store.correspondents.suggest(ann.id, 'bo', 5)).toEqual([]);
});

test('Send on the page one came back to by Back, after Undo, is asked about and sends nothing', async () => {
  const form = formOf((await b.page('/compose')).html);
  await b.post('/drafts/submissions', { ...form, ...fields });
  const { action, form: undo } = toast((await b.page('/mail/inbox')).html);
  await b.post(action, undo);
  const again = await b.post('/drafts/submissions', { ...form, ...fields, text: 'typed on the old page' });
  expect([again.status, again.html.includes('typed on the old page')]).toEqual([409, true]);
  expect(site.sent).toHaveLength(1);
  // The one that came back goes out, under a key of its own.
  await b.post('/drafts/submissions', formOf((await b.page(`/drafts/${undo.draft}`)).html));
  expect(site.sent.map(s => s.submission.key)).toEqual([
    `draft:${ann.id}:${undo.draft}`,
    `draft:${ann.id}:${undo.draft}:1`,
  ]);
  expect(site.sent[0]!.content).not.toBe(site.sent[1]!.content);
});

test('a question before sending keeps the time that was chosen', async () => {
  const form = formOf((await b.page('/compose')).html);
  const asked = await b.post('/drafts/submissions', { ...form, ...fields, text: 'It is attached.', later: 'monday' });
  expect(asked.status).toBe(422);
  expect(asked.html).toMatch(/<div class="question".*name="later" value="monday" autofocus/s);
  const sent = await b.post('/drafts/submissions', { ...formOf(asked.html), later: 'monday' });
  expect([sent.status, site.sent[0]!.submission.holdFor]).toEqual([303, undefined]);
  const [waiting] = await site.store.heldSubmissions.list(ann.id, 5);
  expect(new Date(waiting!.at).getDay()).toBe(1);
  // It says when it is sent, not when it was written.
  expect(Date.parse(/^Date: (.*)\r$/m.exec(site.sent[0]!.content)![1]!)).toBe(waiting!.at);
});

test('where no mail is kept for later there is neither Undo nor a time to choose', async () => {
  site.settings.max_future_release = 0;
  const { html } = await b.page('/compose');
  expect(html).not.toContain('name="later"');
  expect((await b.page('/settings')).html).not.toContain('/settings/sending');
  const form = formOf(html);
  const refused = await b.post('/drafts/submissions', { ...form, ...fields, later: 'monday' });
  expect([refused.status, site.sent.length]).toEqual([422, 0]);
  expect(refused.html).toContain('This site keeps no mail for later.');
  await b.post('/drafts/submissions', { ...formOf(refused.html), ...fields });
  expect([site.sent[0]!.submission.holdFor, site.sent[0]!.submission.holdUntil]).toEqual([null, undefined]);
});
