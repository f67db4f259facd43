import type { NoRoom } from '../daemon/store.ts';

/** What the store answered where there is room. */
export function fits<T>(given: Promise<T | NoRoom>): Promise<Exclude<T, NoRoom>> {
  return given.then(answer => {
    if (answer === 'no-room') throw new Error('there was no room');
    return answer as Exclude<T, NoRoom>;
  });
}
