/**
 * Lists and maps of which every version stays valid and a new one costs little, whatever its length: a view is folded from
 * thousands of events, each of which makes a new version.
 */

/** A list that grows at its end. The versions share one array, of which each sees its own beginning. */
export class PersistentList<T> implements Iterable<T> {
  readonly #items: T[];
  readonly length: number;

  private constructor(items: T[], length: number) {
    this.#items = items;
    this.length = length;
  }

  static empty<T>(): PersistentList<T> {
    return new PersistentList<T>([], 0);
  }

  with(item: T): PersistentList<T> {
    const items = this.#items.length === this.length ? this.#items : this.#items.slice(0, this.length);
    items.push(item);
    return new PersistentList(items, this.length + 1);
  }

  at(index: number): T | undefined {
    const from = index < 0 ? this.length + index : index;
    return from < this.length ? this.#items[from] : undefined;
  }

  slice(from = 0): readonly T[] {
    return this.#items.slice(from, this.length);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.slice()[Symbol.iterator]();
  }
}

const chunkBits = 5;
const chunkMask = (1 << chunkBits) - 1;

/**
 * A map from strings that keeps the order of insertion; nothing is ever removed. The versions share one index of keys, of
 * which each sees those that are older than its size; the values are in chunks, and only the changed chunk is copied.
 */
export class PersistentMap<V> implements Iterable<readonly [string, V]> {
  readonly #index: Map<string, number>;
  readonly #chunks: readonly (readonly V[])[];
  readonly size: number;

  private constructor(index: Map<string, number>, chunks: readonly (readonly V[])[], size: number) {
    this.#index = index;
    this.#chunks = chunks;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(new Map(), [], 0);
  }

  has(key: string): boolean {
    return this.indexOf(key) >= 0;
  }

  /** The key's place in the order of insertion; -1 when it is not there. */
  indexOf(key: string): number {
    const at = this.#index.get(key) ?? this.size;
    return at < this.size ? at : -1;
  }

  get(key: string): V | undefined {
    const at = this.indexOf(key);
    return at < 0 ? undefined : this.#chunks[at >> chunkBits]?.[at & chunkMask];
  }

  with(key: string, value: V): PersistentMap<V> {
    const known = this.indexOf(key);
    const at = known < 0 ? this.size : known;
    const index = known < 0 ? this.indexWith(key) : this.#index;
    const chunks = [...this.#chunks];
    const chunk = [...(chunks[at >> chunkBits] ?? [])];
    chunk[at & chunkMask] = value;
    chunks[at >> chunkBits] = chunk;
    return new PersistentMap(index, chunks, Math.max(this.size, at + 1));
  }

  keys(): readonly string[] {
    return [...this.#index.keys()].slice(0, this.size);
  }

  values(): readonly V[] {
    return this.#chunks.flat();
  }

  [Symbol.iterator](): Iterator<readonly [string, V]> {
    const values = this.values();
    const entries = this.keys().flatMap((key, at) => {
      const value = values[at];
      return value === undefined ? [] : [[key, value] as const];
    });
    return entries[Symbol.iterator]();
  }

  /** An index with one more key: the shared one for the newest version, a copy for an older one. */
  private indexWith(key: string): Map<string, number> {
    const isNewest = this.#index.size === this.size;
    const index = isNewest ? this.#index : new Map(this.keys().map((each, at) => [each, at]));
    return index.set(key, this.size);
  }
}
