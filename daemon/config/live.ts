import { type Declaration, declarations, type Settings } from './settings.ts';

export type SettingName = keyof Settings;

/**
 * The settings that differ. A running process has one settings object for its life: a reload exchanges the values of
 * those that changed, each whole, between two turns of the event loop. Who reads `settings.name` where it is used reads
 * what holds now; a value itself is never changed in place, so what was read once stays one thing.
 */
export function changedSettings(old: Settings, next: Settings): SettingName[] {
  const names = Object.keys(declarations) as SettingName[];
  return names.filter(name => JSON.stringify(old[name]) !== JSON.stringify(next[name]));
}

export const needsRestart = (name: SettingName): boolean => (declarations[name] as Declaration<unknown>).restart;

/** What is made of a setting, such as a predicate: made anew when the value is another, and only then. */
export function derived<V, T>(read: () => V, make: (value: V) => T): () => T {
  let known: { value: V; made: T } | null = null;
  return () => {
    const value = read();
    if (known?.value !== value) known = { value, made: make(value) };
    return known.made;
  };
}

/** A table made of a setting's list, once for each list: what a reload brings is another one. */
export function perList<A extends object, T>(make: (list: A) => T): (list: A) => T {
  const made = new WeakMap<A, T>();
  return list => {
    let table = made.get(list);
    if (table === undefined) {
      table = make(list);
      made.set(list, table);
    }
    return table;
  };
}
