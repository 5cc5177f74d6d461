/**
 * A map of at most `maxEntries`, for what others name: whoever invents keys makes the oldest go, and cannot make it grow.
 * A key that is set anew is the newest, so the entries stand in the order in which they were set last.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #maxEntries: number

  constructor(maxEntries: number) {
    super()
    this.#maxEntries = maxEntries
  }

  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#maxEntries) dropOldest(this)
    return this
  }
}

/** As `BoundedMap`, for keys alone. */
export class BoundedSet<T> extends Set<T> {
  readonly #maxEntries: number

  constructor(maxEntries: number) {
    super()
    this.#maxEntries = maxEntries
  }

  override add(value: T): this {
    this.delete(value)
    super.add(value)
    if (this.size > this.#maxEntries) dropOldest(this)
    return this
  }
}

function dropOldest<K>(entries: { keys(): Iterable<K>; delete(key: K): boolean }): void {
  for (const oldest of entries.keys()) {
    entries.delete(oldest)
    return
  }
}
