import { afterEach, beforeEach, expect, test } from 'vitest';
import { letterDate, parseDate } from '../daemon/mail/date.ts';
import { createDsnRig, type DsnRig } from './dsn-rig.ts';
import { fits } from './fits.ts';
import { until } from './harness.ts';

const hour = 3_600_000;
let rig: DsnRig;
beforeEach(async () => {
  rig = await createDsnRig();
  await rig.store.accounts.create({ address: 'bob@us.test', name: '', passwordHash: null, quota: 0, at: 1 });
});
afterEach(() => rig.close());

const writtenAt = () => Math.floor((Date.now() + rig.clock.shift) / 1000) * 1000;
const letterOf = (date: number, size = 10) =>
  `From: ann@us.test\r\nMessage-ID: <t@us.test>\r\nX-Date: none\r\nDate: ${letterDate(date)}\r\nSubject: Tea\r\n\r\n${'At five?\r\n'.repeat(size)}`;

async function lastOf(name: string, role: 'inbox' | 'sent') {
  const { id } = (await rig.store.accounts.byAddress(`${name}@us.test`))!;
  const [message] = (await rig.store.messages.page(id, (await rig.store.folders.byRole(id, role)).id, 1)).messages;
  const content = message && (await rig.store.content.read(message.contentId)).toString();
  return { message, content, date: parseDate(/^Date: (.*)\r$/m.exec(content ?? '')?.[1] ?? '') };
}

test.each([
  ['in a row', 10],
  ['in a file', 20_000],
])('a letter of the webmail %s that leaves at another time than it says is dated anew', async (_, size) => {
  const { id } = await fits(
    rig.store.drafts.create(
      rig.ann,
      { to: 'bob@us.test', cc: '', bcc: '', subject: 'Tea', text: '', relatedId: null, relation: null },
      1,
    ),
  );
  const planned = writtenAt() + 9 * hour;
  const content = letterOf(planned, size);
  await rig.submit([{ address: 'bob@us.test' }], { releaseAt: planned, from: 'webmail', content, draftId: id });
  const { contentId } = (await rig.store.heldSubmissions.list(rig.ann, 5))[0]!;
  rig.clock.shift += hour;
  await rig.store.heldSubmissions.release(rig.ann, contentId, Date.now() + rig.clock.shift);
  await rig.carry();
  await rig.settled();
  const { message, content: came, date } = await lastOf('bob', 'inbox');
  expect(date).toBeGreaterThanOrEqual(planned - 8 * hour);
  expect(date).toBeLessThan(planned - 7 * hour);
  expect(message!.date).toBe(date);
  // Nothing else of it is another.
  const fields = (text: string) => text.slice(text.indexOf('From: ')).replace(/^Date: .*$/m, '');
  expect(fields(came!)).toBe(fields(content));
  expect(await lastOf('ann', 'sent')).toMatchObject({ content: came, message: { date } });
});

test('a letter that leaves when it says stays as it is; so does a mail program’s, whenever it leaves', async () => {
  const at = writtenAt() + hour;
  await rig.submit([{ address: 'bob@us.test' }], { releaseAt: at, from: 'webmail', content: letterOf(at - 5000) });
  rig.clock.shift += hour + 1000;
  const queue = await rig.carry();
  await rig.settled();
  expect((await lastOf('bob', 'inbox')).date).toBe(at - 5000);
  const later = writtenAt() + hour;
  await rig.submit([{ address: 'bob@us.test' }], { releaseAt: later, content: letterOf(later) });
  rig.clock.shift += 9 * hour;
  queue.wake();
  await rig.settled();
  expect((await lastOf('bob', 'inbox')).date).toBe(later);
});

test('a letter that some have already is the same to those who get it later', async () => {
  const { store } = rig;
  await store.accounts.create({ address: 'cat@us.test', name: '', passwordHash: null, quota: 0, at: 1 });
  const cat = (await store.accounts.byAddress('cat@us.test'))!.id;
  await rig.submit([{ address: 'cat@us.test' }]);
  const planned = writtenAt() + 9 * hour;
  const both = [{ address: 'bob@us.test' }, { address: 'cat@us.test' }];
  await rig.submit(both, { releaseAt: planned, from: 'webmail', content: letterOf(planned) });
  await store.accounts.set(cat, { quota: 1 });
  rig.clock.shift += 10 * hour;
  const queue = await rig.carry();
  await until('cat has no room', async () => (await rig.waiting())[0]?.attempts === 1);
  const first = await lastOf('bob', 'inbox');
  await store.accounts.set(cat, { quota: 0 });
  rig.clock.shift += hour;
  queue.wake();
  await rig.settled();
  expect((await lastOf('cat', 'inbox')).date).toBe(first.date);
  expect(await lastOf('bob', 'inbox')).toEqual(first);
});
