import { expect, test } from 'vitest';
import { ann, ask, onSync, password, threadOf } from './crash-rig.ts';
import { type House, startHouse, testWith, until } from './harness.ts';
import { formOf, type Site, signIn } from './site-talk.ts';

// Sent, taken back, sent again, let go: killed at each sync of the thread that commits, on both sides of every step.
const straced = testWith('strace', 'strace');

const bob = 'bob@localhost';

/** Where a letter is, by its subject. */
function whereIs(house: House, subject: string) {
  const count = (sql: string) => Number(ask(house, sql)[0]!.n);
  const filed = (address: string, role: string) =>
    count(`select count(*) as n from message m join folder f on f.id = m.folder_id join account a on a.id = f.account_id
      where m.subject = '${subject}' and a.address = '${address}' and f.role = '${role}'`);
  const [draft] = ask(house, `select id, held_as, round from draft where subject = '${subject}'`);
  return {
    draft: draft ? { id: Number(draft.id), heldAs: draft.held_as as number | null, round: Number(draft.round) } : null,
    drafts: count(`select count(*) as n from draft where subject = '${subject}'`),
    sent: filed(ann, 'sent'),
    arrived: filed(bob, 'inbox'),
  };
}

/** The next thing its author does, from where it is; true: there is nothing more to do. */
async function goOn(house: House, site: Site, subject: string): Promise<boolean> {
  const { draft, sent } = whereIs(house, subject);
  if (sent > 0) return true;
  if (!draft) {
    const form = formOf((await site.get('/compose')).text);
    await site.postMultipart('/drafts/submissions', { ...form, to: bob, subject, text: 'x', later: 'monday' });
  } else if (draft.heldAs === null) {
    const form = formOf((await site.get(`/drafts/${draft.id}`)).text);
    await site.postMultipart('/drafts/submissions', { ...form, later: 'monday' });
  } else if (draft.round === 0) {
    await site.post(`/outbox/${draft.heldAs}/withdrawals`, {});
  } else {
    await site.post(`/outbox/${draft.heldAs}/releases`, {});
    await until('it to be filed', () => whereIs(house, subject).sent > 0 || house.child.signalCode !== null);
  }
  return false;
}

straced('a letter taken back and sent again, killed at the n-th sync, arrives once', { timeout: 200_000 }, async () => {
  const house = await startHouse({ single: true });
  for (const address of [ann, bob]) await house.addUser(address, password);
  const site = await signIn(`http://127.0.0.1:${house.ports.http}`, ann, password);
  let kills = 0;
  for (let n = 1, killed = true; killed; n++) {
    const subject = `letter-${n}`;
    const strace = await onSync(threadOf(house.child.pid!, 'store-writer'), 'signal=KILL', n);
    const isDead = () => house.child.signalCode !== null || house.child.exitCode !== null;
    let done = false;
    while (!done && !isDead()) done = await goOn(house, site, subject).catch(() => false);
    await house.stop();
    await strace.detach();
    killed = house.child.signalCode === 'SIGKILL';
    if (killed) kills++;
    await house.restart();
    await until('the rest to be done', () => goOn(house, site, subject));
    expect({ n, ...whereIs(house, subject) }).toEqual({ n, draft: null, drafts: 0, sent: 1, arrived: 1 });
  }
  console.log(`outbox: ${kills} crash points`);
  expect(kills).toBeGreaterThanOrEqual(6);
  expect(ask(house, 'select 1 from delivery')).toEqual([]);
  expect(ask(house, 'select 1 from submission where waits = 1')).toEqual([]);
  await house.remove();
});

test('off line a letter that was held is released all the same: it lies in Sent and waits for the line', async () => {
  const house = await startHouse({ single: true, set: { online: 'never' } });
  await house.addUser(ann, password);
  const site = await signIn(`http://127.0.0.1:${house.ports.http}`, ann, password);
  const form = formOf((await site.get('/compose')).text);
  await site.postMultipart('/drafts/submissions', { ...form, to: 'zoe@far.test', subject: 'Away', text: 'x' });
  const { draft } = whereIs(house, 'Away');
  expect(ask(house, 'select hold_kind as kind from delivery')).toEqual([{ kind: 'future release' }]);
  await site.post(`/outbox/${draft!.heldAs}/releases`, {});
  await until('it to be filed', () => whereIs(house, 'Away').sent === 1);
  expect(ask(house, 'select hold_kind as kind, routed from delivery')).toEqual([{ kind: 'off line', routed: 1 }]);
  const path = /href="(\/mail\/sent\/\d+)"/.exec((await site.get('/mail/sent')).text)![1]!;
  expect((await site.get(path)).text).toContain('Waits until this site goes on line.');
  expect((await site.get('/outbox')).text).toContain('Nothing waits');
  await house.remove();
});
