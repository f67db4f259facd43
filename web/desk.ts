/**
 * What happens to one compose form, in turn: an autosave under way, a second click on Send and the first one
 * arrive together and must not become two drafts. Memory only: across a restart the draft's version decides.
 */
import { remember } from './remember.ts';

export type Desk = {
  /** The draft this form became; null: not saved yet. */
  draftId: number | null;
  version: number | null;
  /** Where its sender was sent on to; null: not sent. */
  sentTo: string | null;
  /** The round of the draft that was sent: in a later one it has come back. */
  round: number;
  /** What was last handed to the daemon, and its key; null: nothing was. */
  tried: { fields: string; key: string } | null;
};

export type Desks = { inTurn<T>(key: string, work: (desk: Desk) => Promise<T>): Promise<T> };

const most = 5_000;
const blank = (): Desk => ({ draftId: null, version: null, sentTo: null, round: 0, tried: null });

export function createDesks(): Desks {
  const known = new Map<string, { desk: Desk; last: Promise<unknown> }>();
  return {
    inTurn(key, work) {
      const entry = known.get(key) ?? { desk: blank(), last: Promise.resolve() };
      const mine = entry.last.then(() => work(entry.desk));
      entry.last = mine.catch(() => {});
      remember(known, key, entry, most);
      return mine;
    },
  };
}
