import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import en from '../views/words/en.json' with { type: 'json' };
import { doubtsOf } from '../web/doubts.ts';
import { openSite, origin, type TestSite } from './site.ts';

const draft = (text: string, subject = '') => ({
  ...{
    id: 1,
    accountId: 1,
    version: 1,
    from: '',
    to: '',
    cc: '',
    bcc: '',
    relatedId: null,
    html: null,
    wantsReceipt: false,
    important: false,
    remindDays: 0,
    relation: null,
    updatedAt: 0,
  },
  ...{ subject, text, uploads: [], heldAs: null, round: 0 },
});
const words = en['compose.doubt.attachment.words'];

test.each([
  ['The plan is attached.', true],
  ['See the ATTACHMENT', true],
  ['Der Plan im Anhang', true],
  ['Ci-joint le plan', true],
  ['資料を添付します', true],
  ['Thanks for the plan', false],
  ['unattached', false],
  ['Thanks!\n\nOn Monday, Bo wrote:\n> it is attached', false],
  ['Thanks!\n\n-- \nAnn, attached to the office', false],
  ['See below\n\n---------- Forwarded message ----------\nit is attached', false],
])('doubtsOf: does %j speak of a file? %s', (text, speaks) => {
  expect(doubtsOf(draft(text), words, [], null)).toEqual(speaks ? ['attachment'] : []);
});

describe('before it is sent', () => {
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
  const letter = { to: 'bo@far.example', cc: '', bcc: '', subject: 's' };

  test('a missing file is asked for once, and what was typed stays; with a file nothing is asked', async () => {
    const form = { ...letter, key: 'key-doubt-1', text: 'The plan is attached.' };
    const asked = await a.post('/drafts/submissions', form);
    expect([asked.status, asked.html]).toEqual([422, expect.stringContaining('no file is attached')]);
    expect(asked.html).toContain('The plan is attached.');
    // Enter in a field presses the first button of the form: it must not be the one that sends.
    const form_ = asked.html.slice(asked.html.indexOf('class="compose-form"'));
    expect(/<button[^>]*>/.exec(form_)?.[0]).toContain('formaction="/drafts/uploads"');
    expect(site.sent).toHaveLength(0);
    expect((await a.post('/drafts/submissions', { ...form, sure: 'attachment' })).status).toBe(303);
    expect(site.sent).toHaveLength(1);
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...form, key: 'key-doubt-2' })) body.append(name, value);
    body.append('files', new Blob(['plan']), 'plan.txt');
    expect((await a.page('/drafts/submissions', { method: 'POST', body, headers: { Origin: origin } })).status).toBe(
      303,
    );
    expect(site.sent).toHaveLength(2);
  });

  test('who got a blind copy is asked before all learn of it, and not when only its author does', async () => {
    const id = await site.deliver(ann, 'From: bo@far.example\nTo: cy@far.example\nSubject: Q\n\nx\n');
    const form = { ...letter, key: 'key-doubt-3', text: 'x', related: String(id), relation: 'reply' };
    const asked = await a.post('/drafts/submissions', { ...form, cc: 'CY@far.example' });
    expect([asked.status, asked.html]).toEqual([422, expect.stringContaining('blind copy')]);
    expect((await a.post('/drafts/submissions', { ...form, key: 'key-doubt-4' })).status).toBe(303);
    const named = await site.deliver(
      ann,
      'From: bo@far.example\nTo: cy@far.example, ann@example.org\nSubject: Q\n\nx\n',
    );
    expect(
      (
        await a.post('/drafts/submissions', {
          ...form,
          key: 'key-doubt-5',
          cc: 'cy@far.example',
          related: String(named),
        })
      ).status,
    ).toBe(303);
  });

  test('Send and archive puts what is answered away, also after a question; of what is elsewhere nothing', async () => {
    const folderOf = async (id: number) => {
      const m = await site.store.messages.get(ann.id, id);
      return (await site.store.folders.byId(ann.id, m!.folderId))?.role;
    };
    const id = await site.deliver(ann, 'From: bo@far.example\nTo: ann@example.org\nSubject: Q\n\nx\n');
    const form = {
      ...letter,
      key: 'key-archive',
      text: 'attached',
      related: String(id),
      relation: 'reply',
      archive: '1',
    };
    const asked = await a.post('/drafts/submissions', form);
    expect(asked.html).toMatch(/name="archive" value="1"[^>]*>Send anyway/);
    expect(await folderOf(id)).toBe('inbox');
    expect((await a.post('/drafts/submissions', { ...form, sure: 'attachment' })).status).toBe(303);
    expect(await folderOf(id)).toBe('archive');
    const junk = await site.deliver(ann, 'From: bo@far.example\nTo: ann@example.org\nSubject: Q\n\nx\n');
    await site.store.messages.move(ann.id, [junk], (await site.store.folders.byRole(ann.id, 'junk')).id);
    await a.post('/drafts/submissions', { ...form, key: 'key-archive-2', text: 'x', related: String(junk) });
    expect(await folderOf(junk)).toBe('junk');
  });
});
