import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Submission } from '../daemon/smtp-client.ts';
import type { Account } from '../daemon/store.ts';
import { inMemory, noSummary, plainTerms, recipientAt } from './acceptance.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeEach(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
});
afterEach(() => site.close());

const formOf = (html: string) =>
  Object.fromEntries(
    ['key', 'related', 'relation', 'draft', 'version'].map(name => [
      name,
      new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '',
    ]),
  );
const fields = { to: 'bo@example.net', cc: '', bcc: '', subject: 'Saturday', text: 'At ten?\n' };
const notHeard = (s: Submission) =>
  s.recipients.map(() => ({ code: 451, status: '4.2', text: 'The connection broke' }));

/** As the daemon commits a submission: Sent copy, delivery, key, and the draft is gone. */
async function commit(s: Submission): Promise<void> {
  const bytes = Buffer.from('Subject: Saturday\r\n\r\nAt ten?\r\n');
  await site.store.accept({
    ...plainTerms,
    ...inMemory(bytes),
    summary: { ...noSummary, subject: 'Saturday', fromAddress: ann.address },
    origin: 'webmail',
    accountId: ann.id,
    key: s.key ?? null,
    draftId: s.draftId ?? null,
    fileSent: true,
    reversePath: ann.address,
    recipients: s.recipients.map(({ address }) => recipientAt({ kind: 'relay', address })),
  });
}

test('Send says sent when the daemon took the message and died before its answer', async () => {
  site.answerSubmissions(async s => {
    await commit(s);
    return notHeard(s);
  });
  const { html } = await b.page('/compose');
  const sent = await b.post('/drafts/submissions', { ...formOf(html), ...fields });
  expect([sent.status, sent.headers.get('Location')]).toEqual([303, '/mail/inbox']);
});

test('Send pressed again on a message that was taken in the meantime sends nothing twice', async () => {
  site.answerSubmissions(async s => notHeard(s));
  const { html } = await b.page('/compose');
  const later = await b.post('/drafts/submissions', { ...formOf(html), ...fields });
  expect(later.status).toBe(503);
  await commit(site.sent[0]!.submission);
  const again = { ...formOf(later.html), ...fields };
  const changed = await b.post('/drafts/submissions', { ...again, text: 'At eleven, then?' });
  expect([changed.status, changed.html.includes('At eleven, then?')]).toEqual([409, true]);
  expect((await b.post('/drafts/submissions', again)).status).toBe(303);
  expect(site.sent).toHaveLength(1);
  expect(await site.store.drafts.list(ann.id)).toEqual([]);
});
