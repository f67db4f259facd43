import { row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** How far a fetch account has come with one upstream message. */
export type Fetched = { uidl: string; at: number /** null: still upstream. */; deletedAt: number | null };

export type FetchedLedger = {
  /** What is known of an upstream account (its name is stable: user@host:port). */
  known(upstream: string): Promise<Fetched[]>;
  /** The message was taken over by our own door. */
  remember(upstream: string, uidl: string, at: number): Promise<void>;
  /** The upstream said yes to their deletion (after QUIT). */
  deleted(upstream: string, uidls: string[], at: number): Promise<void>;
  /** Drops what is no longer upstream. */
  forget(upstream: string, uidls: string[]): Promise<void>;
};

export const fetchedVerbs = {
  *rememberFetched({ upstream, uidl, at }: { upstream: string; uidl: string; at: number }): Work<void> {
    yield* run('insert into fetched (upstream, uidl, at) values (?,?,?) on conflict do nothing', upstream, uidl, at);
  },
  *markDeleted({ upstream, uidls, at }: { upstream: string; uidls: string[]; at: number }): Work<void> {
    for (const uidl of uidls)
      yield* run('update fetched set deleted_at = ? where upstream = ? and uidl = ?', at, upstream, uidl);
  },
  *forgetFetched({ upstream, uidls }: { upstream: string; uidls: string[] }): Work<void> {
    for (const uidl of uidls) yield* run('delete from fetched where upstream = ? and uidl = ?', upstream, uidl);
  },
  *keepState({ name, value }: { name: string; value: string }): Work<void> {
    yield* run(
      'insert into kept_state (name, value) values (?,?) on conflict (name) do update set value = excluded.value',
      name,
      value,
    );
  },
};

const slice = 500;

export function createFetched(read: Read, write: Write): FetchedLedger {
  const sliced = async (uidls: string[], act: (some: string[]) => Promise<void>) => {
    for (let i = 0; i < uidls.length; i += slice) await act(uidls.slice(i, i + slice));
  };
  return {
    known: upstream =>
      read(
        rows<Fetched>('select uidl, at, deleted_at as deletedAt from fetched where upstream = ? order by at', upstream),
      ),
    remember: (upstream, uidl, at) => write('rememberFetched', { upstream, uidl, at }),
    deleted: (upstream, uidls, at) => sliced(uidls, some => write('markDeleted', { upstream, uidls: some, at })),
    forget: (upstream, uidls) => sliced(uidls, some => write('forgetFetched', { upstream, uidls: some })),
  };
}

/** Small state of a process by name, such as the login throttle; JSON text. */
export type KeptState = {
  load(name: string): Promise<string | null>;
  save(name: string, value: string): Promise<void>;
};

export function createKeptState(read: Read, write: Write): KeptState {
  return {
    async load(name) {
      return (await read(row<{ value: string }>('select value from kept_state where name = ?', name)))?.value ?? null;
    },
    save: (name, value) => write('keepState', { name, value }),
  };
}
