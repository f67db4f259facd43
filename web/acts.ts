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
  /** Each to where it was. */
  | { kind: 'restore'; places: Map<number, number[]> /** What else is taken back. */; first?: () => Promise<Change[]> }
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

/** Is there anything left to take back? */
export const isUndoable = ({ state, from, deed }: Act): boolean =>
  state !== 'running' && (from.size > 0 || (deed.kind === 'rule' && deed.matched > 0));

export type Act = {
  id: string;
  accountId: number;
  deed: Deed;
  /** The list it was asked from. */
  back: string;
  total: number;
  done: number;
  state: 'running' | 'done' | 'stopped' | 'failed';
  /** By folder, what was moved from there. */
  from: Map<number, number[]>;
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

export function createActs(store: Store, tell: Tell, log: Log, random: (octets: number) => string): Acts {
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
      from: new Map(),
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

  async function perform({ accountId, deed, from }: Act, ids: number[]): Promise<Change[]> {
    if (deed.kind === 'flags') return store.messages.setFlags(accountId, ids, deed.set, deed.clear);
    if (deed.kind === 'remove') return store.messages.remove(accountId, ids);
    if (deed.kind === 'rule') return deed.perform(ids, from);
    if (deed.kind === 'restore') return restore(accountId, deed.places, ids);
    for (const [folder, some] of await store.messages.places(accountId, ids))
      if (folder !== deed.to) from.set(folder, (from.get(folder) ?? []).concat(some));
    return store.messages.move(accountId, ids, deed.to);
  }

  async function restore(accountId: number, places: Map<number, number[]>, ids: number[]): Promise<Change[]> {
    const wanted = new Set(ids);
    const changed: Change[] = [];
    for (const [folder, all] of places) {
      const some = all.filter(id => wanted.has(id));
      if (some.length > 0) changed.push(...(await store.messages.move(accountId, some, folder)));
    }
    return changed;
  }

  return {
    begin,
    get(accountId, id) {
      const act = known.get(id);
      return act?.accountId === accountId ? act : null;
    },
    undo(act) {
      if (!isUndoable(act)) return null;
      const { deed, from: places } = act;
      act.from = new Map();
      if (deed.kind === 'rule') deed.matched = 0;
      const first = deed.kind === 'rule' ? { first: () => deed.unmark() } : {};
      return begin(act.accountId, { kind: 'restore', places, ...first }, [...places.values()].flat(), act.back);
    },
    stop(act) {
      if (act.state === 'running') act.state = 'stopped';
    },
  };
}

/** The oldest that have ended go; what runs stays. */
function forget(known: Map<string, Act>, accountId: number): void {
  const ended = [...known.values()].filter(act => act.state !== 'running');
  const own = ended.filter(act => act.accountId === accountId);
  for (const act of own.slice(0, Math.max(0, own.length - mostPerAccount))) known.delete(act.id);
  for (const act of ended.slice(0, Math.max(0, known.size - most))) known.delete(act.id);
}
