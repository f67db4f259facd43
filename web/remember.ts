/** Puts a value last, and forgets the first where there are more than `most`: what is used again is put last again. */
export function remember<K, V>(all: Map<K, V>, key: K, value: V, most: number): V {
  all.delete(key);
  all.set(key, value);
  for (const oldest of all.keys()) {
    if (all.size <= most) break;
    all.delete(oldest);
  }
  return value;
}
