import type { Counters } from '../counters.ts';
import { because, type Log, messageOf } from '../log.ts';
import { isPermanent, type Reply } from '../mail/reply.ts';
import { type Acceptance, type Change, type Delivery, isStoresOwn, type Release, type Store } from '../store.ts';
import { faulty, type Result } from './carry.ts';

/** What the door says of a submission whose time has come. */
export type PreparedRelease = {
  /** For whom somebody takes it; null: for nobody. */
  release: Release | null;
  /** Whom the chain refuses now, such as a mailbox that went away meanwhile. */
  refused: { delivery: Delivery; reply: Reply }[];
  /** Of what is delivered at once, as the sender asked. */
  reports: Acceptance[];
};

type Options = {
  store: Pick<Store, 'deliveries' | 'heldSubmissions'>;
  now: () => number;
  log: Log;
  counters: Counters;
  prepareRelease: (held: Delivery[]) => Promise<PreparedRelease>;
  prepareAnswer: (errand: Delivery) => Promise<Acceptance | null>;
  settle: (results: Result[]) => Promise<void>;
  giveBack: (group: Delivery[], wait: number, reason: string) => Promise<void>;
  changed: (changes: Change[]) => void;
};

const atOnce = 50;
const minute = 60_000;

/** Submissions whose time has come go through the chain now, and on from there (RFC 4865). True: some were. */
export async function releaseDue(options: Options): Promise<boolean> {
  const { deliveries } = options.store;
  const next = await deliveries.nextRelease();
  if (next === null || next > options.now()) return false;
  const due = await deliveries.claimReleased(options.now(), atOnce);
  const together = (d: Delivery) => (d.errand ? `errand ${d.id}` : `${d.contentId}`);
  for (const [, group] of Map.groupBy(due, together)) {
    const [first] = group;
    if (first?.errand?.kind === 'answer') await answer(first, options);
    else await releaseOne(group, options);
  }
  return due.length > 0;
}

/** An automatic answer, which its mediator writes and the door takes. */
async function answer(errand: Delivery, o: Options): Promise<void> {
  try {
    const filed = await o.store.heldSubmissions.answer(errand.id, await o.prepareAnswer(errand));
    if (filed) o.changed(filed.changed);
  } catch (error) {
    o.log.error('not answered', { content: errand.contentId, ...because(error) });
    await setAside([errand], { error, fault: `could not be answered (${messageOf(error)})` }, o);
  }
}

async function releaseOne(group: Delivery[], o: Options): Promise<void> {
  const open = new Set(group);
  try {
    const { release, refused, reports } = await o.prepareRelease(group);
    if (release) {
      const { changed, troubles = [] } = await o.store.heldSubmissions.file(release, reports);
      for (const why of troubles) o.log.warn('sorting', { content: release.contentId, why });
      for (const d of group) if (release.ids.includes(d.id)) open.delete(d);
      o.changed(changed);
      o.counters.add('released', {}, release.ids.length);
      o.log.info('released', { content: release.contentId, to: release.recipients.map(r => r.address).slice(0, 20) });
    }
    if (refused.length) await o.settle(refused.map(resultOf));
  } catch (error) {
    o.log.error('not released', { content: group[0]?.contentId, ...because(error) });
    await setAside([...open], { error, fault: `could not be released (${messageOf(error)})` }, o);
  }
}

type Why = { error: unknown; fault: string };

/** Others go on; these are looked at again, at last by a person. A full disk fails them all alike, and needs nobody for each. */
async function setAside(group: Delivery[], { error, fault }: Why, o: Options): Promise<void> {
  if (isStoresOwn(error)) return await o.giveBack(group, minute, fault);
  try {
    await o.settle(group.map(d => faulty(d, fault)));
  } catch {
    // Not even that can be written now, which is in the log.
    await o.giveBack(group, minute, fault);
  }
}

const resultOf = ({ delivery, reply }: PreparedRelease['refused'][number]): Result => ({
  delivery,
  verdict: isPermanent(reply) ? 'failed' : 'later',
  reply,
  hop: null,
  reports: false,
});
