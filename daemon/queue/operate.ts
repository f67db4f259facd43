import { because } from '../log.ts';
import { type Reply, reply } from '../mail/reply.ts';
import { mayGoOut, type OnlineSettings } from '../online.ts';
import type { Delivery, Which } from '../store.ts';
import { changeAll, count, type Done, nothingDone, type Wish } from './changes.ts';
import { type Settler, settle } from './settle.ts';

/** What a person may do to what lies in the queue; `bounce`: delete, and tell the sender. */
export type Command = 'hold' | 'release' | 'retry' | 'delete' | 'bounce';
export type Order = {
  command: Command;
  which: Which;
  /** Who asked, for the log. */
  by: string;
};

export type Operator = Settler & { settings: OnlineSettings };

const slice = 100;
const takenOut: Reply = reply(554, '3.0', 'The administrator of this mail server took it out of the queue');

/**
 * Carries out an order and logs it with who asked. What is being sent now is left alone and counted: it may arrive at
 * any moment, and nobody could say whether it was stopped. Throws a sentence for a person where it cannot be done.
 */
export async function operate(order: Order, by: Operator): Promise<Done> {
  const at = by.now();
  const outing = mayGoOut(by.settings, at);
  const { command, which } = order;
  // Off line nothing leaves, but what its author held for later may be for somebody here.
  const only = !outing.yes && command === 'release' ? { ...which, holdKind: 'future release' as const } : which;
  if (!outing.yes && command === 'retry') throw sentence(outing.reason);
  const done =
    command === 'bounce' ? await bounceAll(which, by) : await changeAll(by.store.deliveries, wishOf(order, only, at));
  by.log.info('queue changed', {
    command,
    which: JSON.stringify({ ...which, ids: which.ids?.slice(0, 20) }),
    by: order.by,
    changed: done.changed,
    ids: done.first.map(String),
    sending: done.sending,
  });
  if (!outing.yes && command === 'release' && done.changed === 0) throw sentence(outing.reason);
  return done;
}

const sentence = (reason: string): Error =>
  Object.assign(new Error(`nothing goes out now: ${reason}`), { plain: true });

function wishOf({ command, which }: Order, only: Which, at: number): Wish {
  const goOn = { kind: 'go on' as const, at };
  switch (command) {
    case 'hold': {
      const hold = { kind: 'operator' as const, reason: 'held by the administrator', until: null };
      const note = { event: 'held' as const, detail: hold.reason };
      return { which, from: ['waiting', 'held'], change: { kind: 'hold', hold }, at, note };
    }
    case 'release': {
      const note = { event: 'released' as const, detail: 'released by the administrator' };
      return { which: only, from: ['held'], change: goOn, at, note };
    }
    case 'retry': {
      // Named by its id a held one goes too: whoever names it means it.
      if (!which.ids) return { which, from: ['waiting'], change: goOn, at, note: null };
      const note = { event: 'released' as const, detail: 'tried at once for the administrator' };
      return { which, from: ['waiting', 'held'], change: goOn, at, note };
    }
    default: {
      const note = { event: 'removed' as const, detail: takenOut.text };
      return { which, from: ['waiting', 'held'], change: { kind: 'remove' }, at, note };
    }
  }
}

/** Each slice is taken as if to be sent, so that no connection takes it too, and settled as failed. */
async function bounceAll(which: Which, by: Operator): Promise<Done> {
  const done = nothingDone();
  const take = { which, from: ['waiting' as const, 'held' as const], change: { kind: 'take' as const }, note: null };
  for (let after: number | null = 0; after !== null; ) {
    const taken = await by.store.deliveries.change({ ...take, at: by.now(), after, limit: slice });
    after = taken.next;
    await bounceSlice(taken.changed, by);
    count(done, taken);
  }
  return done;
}

async function bounceSlice(ids: number[], by: Operator): Promise<void> {
  if (ids.length === 0) return;
  const { deliveries } = by.store;
  try {
    const taken = await deliveries.list(slice, 0, { ids });
    // What a person throws out goes into no mailbox either.
    await settle(taken.map(failed), { ...by, prepareStay: undefined });
  } catch (error) {
    by.log.error('outcome not written', because(error));
    await deliveries.release(ids, by.now(), '');
    throw error;
  }
}

const failed = (delivery: Delivery) => ({
  delivery,
  verdict: 'failed' as const,
  reply: takenOut,
  hop: null,
  reports: false,
});
