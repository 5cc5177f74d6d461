/** A value that changes whole and tells who listens. React reads it through `useSyncExternalStore` (ui/use-store.ts). */
export interface Store<S> {
  get(): S
  /** Replaces the state by what `change` makes of it; nobody is told when it is the same object. */
  update(change: (state: S) => S): void
  /** The same, but listeners hear of it at the next frame, together: for what comes in great numbers from the wire. */
  updateSoon(change: (state: S) => S): void
  subscribe(listener: () => void): () => void
}

/** Longest that a hidden page, which has no frames, waits to tell its listeners. */
const HIDDEN_MS = 200

export function createStore<S>(initial: S): Store<S> {
  let state = initial
  let isDue = false
  const listeners = new Set<() => void>()

  function tell(): void {
    isDue = false
    for (const listener of listeners) listener()
  }

  function tellSoon(): void {
    if (isDue) return
    isDue = true
    const once = () => {
      if (isDue) tell()
    }
    if (typeof requestAnimationFrame === 'function') requestAnimationFrame(once)
    setTimeout(once, HIDDEN_MS)
  }

  return {
    get: () => state,
    update(change) {
      const next = change(state)
      if (Object.is(next, state)) return
      state = next
      tell()
    },
    updateSoon(change) {
      const next = change(state)
      if (Object.is(next, state)) return
      state = next
      tellSoon()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
