/** A map that holds so many entries and no more: the one that was set first goes first. */
export interface BoundedMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

export function createBoundedMap<V>(limit: number): BoundedMap<V> {
  const map = new Map<string, V>();
  return {
    get: (key) => map.get(key),
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      const [oldest] = map.keys();
      if (map.size > limit && oldest !== undefined) map.delete(oldest);
    },
    delete(key) {
      map.delete(key);
    },
  };
}
