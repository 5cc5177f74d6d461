/** A value that changes whole and tells who listens. React reads it through `useSyncExternalStore` (ui/use-store.ts). */
export interface Store<S> {
  get(): S
  /** Replaces the state by what `change` makes of it; nobody is told when it is the same object. */
  update(change: (state: S) => S): void
  subscribe(listener: () => void): () => void
}

export function createStore<S>(initial: S): Store<S> {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    update(change) {
      const next = change(state)
      if (Object.is(next, state)) return
      state = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
