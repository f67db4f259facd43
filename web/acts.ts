/**
 * What is done to many messages: in slices, behind the page that asked for it, with how far it is and a way back.
 * Kept in memory: across a restart what was done stays done, and the rest is asked for again.
 */
import type { Log } from '../daemon/log.ts';
import { because } from '../daemon/log.ts';
import type { Change, Store } from '../daemon/store.ts';
import type { Tell } from '../daemon/tell.ts';

export type Deed =
  | { kind: 'move'; to: number }
  | { kind: 'flags'; set: number; clear: number }
  | { kind: 'remove' }
  | { kind: 'label'; label: number; on: boolean }
  | { kind: 'snooze'; until: number }
  /** Each to where it was, and as it was; `first`: what else is taken back. */
  | { kind: 'restore'; way: WayBack; first?: () => Promise<Change[]> }
  | RuleDeed;

/** What a rule does to those it speaks of; `from` gets what was moved, by folder. */
export type RuleDeed = {
  kind: 'rule';
  /** So many it spoke of until now. */
  matched: number;
  perform(ids: number[], from: Map<number, number[]>): Promise<Change[]>;
  /** Takes back marks and labels. */
  unmark(): Promise<Change[]>;
};

/** What undoing needs to know of what was done. */
export type WayBack = {
  /** By folder, what was moved from there. */
  from: Map<number, number[]>;
  /** What left Snoozed, and the time it had. */
  untils: Map<number, number>;
  /** By label, what got it and what lost it. */
  put: Map<number, number[]>;
  taken: Map<number, number[]>;
};

/** Is there anything left to take back? */
export const isUndoable = ({ state, way, deed }: Act): boolean =>
  state !== 'running' && ((way !== null && idsOf(way).length > 0) || (deed.kind === 'rule' && deed.matched > 0));

const idsOf = (way: WayBack): number[] => [way.from, way.put, way.taken].flatMap(places => [...places.values()].flat());

export type Act = {
  id: string;
  accountId: number;
  deed: Deed;
  /** The list it was asked from. */
  back: string;
  total: number;
  done: number;
  state: 'running' | 'done' | 'stopped' | 'failed';
  /** Null: nothing was done that can be undone, or it was. */
  way: WayBack | null;
  /** Settles with the end, whatever it is. */
  ended: Promise<void>;
};

export type Acts = {
  /** Begins at once; `ids` may be found while it waits for nothing else. */
  begin(accountId: number, deed: Deed, ids: number[], back: string): Act;
  /** The account's act; null: there is none of this id, or it is forgotten. */
  get(accountId: number, id: string): Act | null;
  /** Puts back what it moved; null: there is nothing to put back. */
  undo(act: Act): Act | null;
  stop(act: Act): void;
};

const slice = 500;
const mostPerAccount = 10;
const most = 500;

type Needs = { store: Store; tell: Tell; log: Log; now: () => number; random: (octets: number) => string };

export function createActs({ store, tell, log, now, random }: Needs): Acts {
  const known = new Map<string, Act>();

  const begin: Acts['begin'] = (accountId, deed, ids, back) => {
    const act: Act = {
      id: random(9),
      accountId,
      deed,
      back,
      total: ids.length,
      done: 0,
      state: 'running',
      way: null,
      ended: Promise.resolve(),
    };
    known.set(act.id, act);
    forget(known, accountId);
    act.ended = carryOut(act, ids).then(
      () => {
        if (act.state === 'running') act.state = 'done';
      },
      error => {
        act.state = 'failed';
        log.error('web.act_failed', { act: act.id, kind: deed.kind, done: act.done, ...because(error) });
      },
    );
    return act;
  };

  async function carryOut(act: Act, ids: number[]): Promise<void> {
    if (act.deed.kind === 'restore' && act.deed.first) tell.changed(await act.deed.first());
    for (let i = 0; i < ids.length && act.state === 'running'; i += slice) {
      const some = ids.slice(i, i + slice);
      const changed = await perform(act, some);
      if (changed.length > 0) tell.changed(changed);
      act.done += some.length;
      // Pages of others come between.
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  async function perform(act: Act, ids: number[]): Promise<Change[]> {
    const { accountId, deed } = act;
    switch (deed.kind) {
      case 'flags':
        return store.messages.setFlags(accountId, ids, deed.set, deed.clear);
      case 'remove':
        return store.messages.remove(accountId, ids);
      case 'rule':
        return deed.perform(ids, wayOf(act).from);
      case 'restore':
        return restore(store, accountId, deed.way, new Set(ids), now());
      case 'label': {
        const done = await store.labels[deed.on ? 'put' : 'take'](accountId, ids, deed.label);
        add(wayOf(act)[deed.on ? 'put' : 'taken'], deed.label, done.ids);
        return done.changed;
      }
      case 'snooze':
        await noteWay(act, ids, null);
        return store.snoozes.snooze(accountId, ids, deed.until, now());
      case 'move':
        await noteWay(act, ids, deed.to);
        return store.messages.move(accountId, ids, deed.to);
    }
  }

  /** Where they are, and until when; what is in `goal` already stays there. */
  async function noteWay(act: Act, ids: number[], goal: number | null): Promise<void> {
    for (const [folder, some] of await store.messages.places(act.accountId, ids))
      if (folder !== goal) add(wayOf(act).from, folder, some);
    for (const [id, until] of await store.snoozes.untils(act.accountId, ids)) wayOf(act).untils.set(id, until);
  }

  return {
    begin,
    get(accountId, id) {
      const act = known.get(id);
      return act?.accountId === accountId ? act : null;
    },
    undo(act) {
      if (!isUndoable(act)) return null;
      const { deed } = act;
      const way = wayOf(act);
      act.way = null;
      if (deed.kind === 'rule') deed.matched = 0;
      const first = deed.kind === 'rule' ? { first: () => deed.unmark() } : {};
      return begin(act.accountId, { kind: 'restore', way, ...first }, idsOf(way), act.back);
    },
    stop(act) {
      if (act.state === 'running') act.state = 'stopped';
    },
  };
}

function wayOf(act: Act): WayBack {
  act.way ??= { from: new Map(), untils: new Map(), put: new Map(), taken: new Map() };
  return act.way;
}

const add = (places: Map<number, number[]>, key: number, ids: number[]): void => {
  if (ids.length > 0) places.set(key, (places.get(key) ?? []).concat(ids));
};

async function restore(
  store: Store,
  accountId: number,
  { from, untils, put, taken }: WayBack,
  wanted: Set<number>,
  now: number,
): Promise<Change[]> {
  const changed: Change[] = [];
  const those = (all: number[]) => all.filter(id => wanted.has(id));
  for (const [label, all] of put) changed.push(...(await store.labels.take(accountId, those(all), label)).changed);
  for (const [label, all] of taken) changed.push(...(await store.labels.put(accountId, those(all), label)).changed);
  for (const [folder, all] of from) {
    const [asleep, awake] = [those(all).filter(id => untils.has(id)), those(all).filter(id => !untils.has(id))];
    if (awake.length > 0) changed.push(...(await store.messages.move(accountId, awake, folder)));
    for (const [until, some] of Map.groupBy(asleep, id => untils.get(id)!))
      changed.push(...(await store.snoozes.snooze(accountId, some, until, now)));
  }
  return changed;
}

/** The oldest that have ended go; what runs stays. */
function forget(known: Map<string, Act>, accountId: number): void {
  const ended = [...known.values()].filter(act => act.state !== 'running');
  const own = ended.filter(act => act.accountId === accountId);
  for (const act of own.slice(0, Math.max(0, own.length - mostPerAccount))) known.delete(act.id);
  for (const act of ended.slice(0, Math.max(0, known.size - most))) known.delete(act.id);
}
