import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvent } from '../daemon/mail/calendar.ts';
import { readHeader } from '../daemon/mail/header.ts';
import { partText, scan } from '../daemon/mail/parts.ts';
import { type Account, Flag } from '../daemon/store.ts';
import { untilIndexed } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
  b.cookies.set('zone', 'Europe/Stockholm');
});
afterAll(() => site.close());

let last = 0;
const invite = (
  lines: string,
  { method = 'REQUEST', uid = `u${++last}@example.net`, organizer = 'bo@example.net', from = 'bo@example.net' } = {},
) =>
  `From: Bo Ek <${from}>\nTo: ann@example.org\nSubject: Planning\nMessage-ID: <m${++last}@example.net>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nPlease come.\n--a\nContent-Type: text/calendar; charset=utf-8; method=${method}\n\nBEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:${method}\nBEGIN:VEVENT\nUID:${uid}\n${organizer === '' ? '' : `ORGANIZER;CN=Bo Ek:mailto:${organizer}\n`}${lines}\nEND:VEVENT\nEND:VCALENDAR\n--a--\n`;
const usual =
  'SUMMARY:Planning the beds\nLOCATION:Shed\nDTSTART;TZID=America/New_York:20261126T080000\nDTEND;TZID=America/New_York:20261126T093000\nSEQUENCE:1\nRRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=4\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@example.org\nATTENDEE;CN=Carol;PARTSTAT=ACCEPTED:mailto:carol@example.com';

const read = async (id: number) => (await b.page(`/mail/inbox/${id}`)).html;
/** Without commas, which languages put where they like. */
const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/[\s,]+/g, ' ');

describe('an invitation', () => {
  test('is a card with what, when for the reader and there, how often, where and who', async () => {
    const html = text(await read(await site.deliver(ann, invite(usual))));
    for (const words of [
      'Planning the beds',
      'Thursday 26 November 2026 at 14:00 – 15:30',
      'Thursday 26 November 2026 at 08:00 – 09:30 (America/New_York)',
      'Every week on Thursday 4 times',
      'Shed',
      'Invited by Bo Ek',
      'Carol accepted',
      'Your answer goes to bo@example.net.',
    ])
      expect(html).toContain(words);
  });

  test('of whole days ends on its last one, and one without a zone keeps its clock', async () => {
    const days = await read(await site.deliver(ann, invite('DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227')));
    expect(text(days)).toContain('Thursday 24 December 2026 – Saturday 26 December 2026');
    const floating = await read(await site.deliver(ann, invite('DTSTART:20261224T180000')));
    expect(text(floating)).toContain('Thursday 24 December 2026 at 18:00');
  });

  test('by a zone that only Windows calls so is shown by the reader’s clock too', async () => {
    const tokyo = await read(await site.deliver(ann, invite('DTSTART;TZID=Tokyo Standard Time:20261126T140000')));
    expect(text(tokyo)).toContain('Thursday 26 November 2026 at 06:00');
    expect(text(tokyo)).toContain('Thursday 26 November 2026 at 14:00 (Tokyo Standard Time)');
  });

  test('is answered by one mail to who invites, however often it is clicked, and the answer can be changed', async () => {
    const id = await site.deliver(ann, invite(usual));
    const answer = (said: string) => b.post(`/messages/${id}/answers`, { answer: said, back: `/mail/inbox/${id}` });
    const before = site.sent.length;
    await Promise.all([answer('accepted'), answer('accepted')]);
    const [first, second] = site.sent.slice(before);
    // Two clicks at once carry one key, which the daemon takes once.
    if (second) expect(second.submission.key).toBe(first!.submission.key);
    expect(first!.submission).toMatchObject({
      reversePath: 'ann@example.org',
      recipients: [{ address: 'bo@example.net' }],
    });
    const bytes = Buffer.from(first!.content, 'latin1');
    const header = readHeader(bytes);
    expect(header.text('subject')).toBe('Accepted: Planning the beds');
    const part = scan(bytes).root.parts.find(p => p.type === 'text/calendar')!;
    expect(readEvent(partText(part, bytes.subarray(part.bodyFrom, part.bodyTo)))).toMatchObject({
      method: 'reply',
      sequence: 1,
      guests: [{ address: 'ann@example.org', status: 'accepted' }],
    });
    expect(text(await read(id))).toContain('You accepted ');
    expect((await site.store.messages.get(ann.id, id))!.flags & Flag.answered).toBe(Flag.answered);
    const sent = site.sent.length;
    await answer('accepted');
    expect(site.sent.length).toBe(sent);
    await answer('declined');
    await answer('accepted');
    const keys = site.sent.slice(sent).map(s => s.submission.key);
    expect(new Set([first!.submission.key, ...keys]).size).toBe(3);
    expect(text(await read(id))).toContain('You accepted ');
  });

  test('that was changed after it was answered asks again', async () => {
    const uid = 'changed@example.net';
    const id = await site.deliver(ann, invite(usual, { uid }));
    await b.post(`/messages/${id}/answers`, { answer: 'tentative' });
    const next = await site.deliver(ann, invite(usual.replace('SEQUENCE:1', 'SEQUENCE:2'), { uid }));
    expect(text(await read(next))).toContain('You said maybe ');
    expect(text(await read(next))).toContain('It was changed since: please answer again.');
  });

  test('that a later message changed or cancelled says so, leads there, and is answered there', async () => {
    const uid = 'overtaken@example.net';
    const first = await site.deliver(ann, invite(usual, { uid }));
    await site.deliver(ann, invite(usual, { uid }));
    await site.deliver(ann, invite(usual.replace('SEQUENCE:1', 'SEQUENCE:9'), { uid, organizer: 'eve@example.net' }));
    await untilIndexed(site.store);
    expect(await read(first)).toContain('name="answer"');
    const second = await site.deliver(ann, invite(usual.replace('T080000', 'T100000'), { uid }));
    await untilIndexed(site.store);
    const changed = await read(first);
    expect(text(changed)).toContain('It was changed since.');
    expect(changed).toContain(`<a href="/mail/inbox/${second}">Show the newer message</a>`);
    expect(changed).not.toContain('name="answer"');
    expect(await read(second)).toContain('name="answer"');
    const last = await site.deliver(ann, invite(usual.replace('SEQUENCE:1', 'SEQUENCE:2'), { uid, method: 'CANCEL' }));
    await untilIndexed(site.store);
    for (const id of [first, second]) {
      const html = await read(id);
      expect(text(html)).toContain('It was cancelled since.');
      expect(html).toContain(`href="/mail/inbox/${last}"`);
    }
  });

  test('is not changed by a guest who knows it and names its organiser, nor by nobody', async () => {
    const uid = 'forged@example.net';
    const id = await site.deliver(ann, invite(usual, { uid, from: 'calendar@Example.net' }));
    const later = usual.replace('SEQUENCE:1', 'SEQUENCE:7');
    await site.deliver(ann, invite(later, { uid, from: 'carol@example.com' }));
    await site.deliver(ann, invite(later, { uid, from: 'carol@example.com', method: 'CANCEL' }));
    await site.deliver(ann, invite(later, { uid, from: '', method: 'CANCEL' }));
    await untilIndexed(site.store);
    const html = await read(id);
    expect(text(html)).not.toMatch(/It was (?:changed|cancelled) since/);
    expect(html).toContain('name="answer"');
  });

  test.each(['Calendar@example.NET', 'BO@example.net'])('is changed by %s, who sent or organises it', async from => {
    const uid = `${++last}-believed@example.net`;
    const id = await site.deliver(ann, invite(usual, { uid, from: 'calendar@Example.net' }));
    await site.deliver(ann, invite(usual, { uid, from, method: 'CANCEL' }));
    await untilIndexed(site.store);
    expect(text(await read(id))).toContain('It was cancelled since.');
  });

  const alone = (lines: string) =>
    invite(lines).replace(
      /Content-Type: multipart[\s\S]*(BEGIN:VCALENDAR[\s\S]*)--a--\n$/,
      'Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n$1',
    );

  test('that has no text beside it is described by its own words, as text', async () => {
    const words = 'Bring a spade.\\n<script>alert(1)</script>\\nhttps://example.com/beds?a=1&b=2';
    const html = await read(await site.deliver(ann, alone(`${usual}\nDESCRIPTION:${words}`)));
    const body = html.slice(html.indexOf('message-text'));
    expect(body).toContain('Bring a spade.');
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(body).toMatch(/<a href="https:\/\/example\.com\/beds\?a=1&amp;b=2"[^>]*>/);
    expect(html).not.toContain('This message has no text.');
    expect(await read(await site.deliver(ann, alone(usual)))).toContain('This message has no text.');
    const both = await read(await site.deliver(ann, invite(`${usual}\nDESCRIPTION:Bring a spade.`)));
    expect(both).toContain('Please come.');
    expect(both).not.toContain('Bring a spade.');
  });

  test('to one of a series, and to a weekday of each month, says so', async () => {
    const one = invite(usual.replace(/RRULE.*/, 'RECURRENCE-ID:20261126T130000Z'));
    expect(text(await read(await site.deliver(ann, one)))).toContain('Only this one of a series');
    const monthly = invite(usual.replace(/RRULE.*/, 'RRULE:FREQ=MONTHLY;BYDAY=-1TH'));
    expect(text(await read(await site.deliver(ann, monthly)))).toContain('Every month on the last Thursday');
  });

  test('is not marked answered where the daemon does not take the answer', async () => {
    const id = await site.deliver(ann, invite(usual));
    site.answerSubmissions(async s => s.recipients.map(() => ({ code: 550, status: '5.1.1', text: 'No such user' })));
    await b.post(`/messages/${id}/answers`, { answer: 'accepted', back: `/mail/inbox/${id}` });
    site.answerSubmissions(async s => s.recipients.map(() => ({ code: 250, status: '2.0', text: 'Ok' })));
    const html = text(await read(id));
    expect(html).toContain('The answer could not be sent: No such user');
    expect(html).not.toContain('You accepted');
  });

  test.each([
    ['cancelled', 'CANCEL', 'bo@example.net', 'Cancelled by who invited'],
    ['answered by a guest', 'REPLY', 'ann@example.org', 'has not decided'],
    ['only told of', 'PUBLISH', 'bo@example.net', 'Event'],
    ['one’s own', 'REQUEST', 'ann@example.org', 'Invitation'],
    ['from nobody', 'REQUEST', '', 'Invitation'],
    ['from no mail address', 'REQUEST', 'javascript:alert(1)', 'Invitation'],
  ])('that is %s cannot be answered', async (_, method, organizer, words) => {
    const id = await site.deliver(ann, invite(usual, { method, organizer }));
    const html = await read(id);
    expect(text(html)).toContain(words);
    expect(html).not.toContain('name="answer"');
    expect((await b.post(`/messages/${id}/answers`, { answer: 'accepted' })).status).toBe(404);
  });

  test('is escaped wherever its words stand, and has three answers', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const id = await site.deliver(
      ann,
      invite(
        `SUMMARY:${evil}\nLOCATION:${evil}\nDTSTART;TZID="${evil}":20261126T080000\nATTENDEE;CN="${evil}":mailto:a@example.net`,
      ),
    );
    expect(await read(id)).not.toContain('<img src=x');
    expect((await b.post(`/messages/${id}/answers`, { answer: 'maybe' })).status).toBe(404);
  });
});
