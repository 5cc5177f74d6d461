import { useCallback, useMemo, useRef, useState } from 'react'
import { useConsole } from '../api/console.ts'

const PREFIX = 'drawbridge-draft '

/** What is being written under a name. */
export interface Draft<T> {
  readonly value: T
  /** It was found here: the page was loaded anew since it was typed. */
  readonly isRestored: boolean
  /** Brings back what was typed and then thrown away, or written over; absent where nothing was. */
  readonly undo: (() => void) | undefined
  set(change: T | ((known: T) => T)): void
  /** Something ready is put in its place. */
  replace(value: T): void
  /** It is not wanted any more. */
  discard(): void
  /** It was sent. */
  sent(): void
}

/** What is kept in the tab. */
interface Kept<T> {
  readonly value: T
  /** What this was begun with: as long as it is the same, nothing was typed. */
  readonly begun?: T | undefined
  /** What was typed before, and never sent. */
  readonly before?: T | undefined
}

interface State<T> extends Kept<T> {
  readonly key: string
  readonly isRestored: boolean
}

/**
 * What somebody writes, kept for as long as the tab is open: it outlives a reload, another page, a session that ends, and
 * being thrown away. Only whoever wrote it gets it back, and signing out takes it away.
 *
 * @param name - of the form, and of what it is about
 */
export function useDraft<T extends object>(name: string, empty: T): Draft<T> {
  const key = keyOf(useConsole().session.account.name, name)
  const [state, setState] = useState(() => read(key, empty))
  const current = state.key === key ? state : read(key, empty)
  const latest = useRef(state)
  const change = useCallback(
    (next: (known: Kept<T>) => Kept<T>, isAnew = true) => {
      const known = latest.current.key === key ? latest.current : read(key, empty)
      const kept = next(known)
      store(key, kept, empty)
      latest.current = { key, ...kept, isRestored: known.isRestored && !isAnew }
      setState(latest.current)
    },
    // What is empty stays what it was at first.
    [key],
  )
  const actions = useMemo(
    () => ({
      set: (to: T | ((known: T) => T)) =>
        change((known) => ({ ...known, value: typeof to === 'function' ? to(known.value) : to }), false),
      replace: (to: T) => change((known) => ({ value: to, begun: to, before: typed(known, empty) ?? known.before })),
      discard: () => change((known) => ({ value: empty, before: typed(known, empty) ?? known.before })),
      // Whoever had something else sent in the middle of their own can go on with that.
      sent: () => change(({ begun, before }) => ({ value: empty, before: begun && before })),
    }),
    [change],
  )
  const undo = () => change((known) => ({ value: known.before ?? empty, before: typed(known, empty) }))
  return {
    value: current.value,
    isRestored: current.isRestored,
    undo: current.before === undefined ? undefined : undo,
    ...actions,
  }
}

/** What would be lost with a draft; undefined when nothing was typed. */
function typed<T>({ value, begun }: Kept<T>, empty: T): T | undefined {
  return same(value, empty) || same(value, begun) ? undefined : value
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** Takes away all that an account has typed in this tab. */
export function forgetDrafts(account: string): void {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(keyOf(account, ''))) sessionStorage.removeItem(key)
    }
  } catch {
    // Forbidden storage keeps nothing.
  }
}

const keyOf = (account: string, name: string) => `${PREFIX}${account} ${name}`

function read<T extends object>(key: string, empty: T): State<T> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null')
    if (typeof kept === 'object' && kept !== null) {
      const { value, ...others } = kept as Partial<Kept<T>>
      const isRestored = value !== undefined
      return { key, ...others, value: isRestored ? { ...empty, ...value } : empty, isRestored }
    }
  } catch {
    // Forbidden storage, or something that is no draft of ours.
  }
  return { key, value: empty, isRestored: false }
}

/** What is as it was at first need not be kept. */
function store<T>(key: string, { value, ...others }: Kept<T>, empty: T): void {
  const isEmpty = same(value, empty)
  try {
    if (isEmpty && others.before === undefined) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, JSON.stringify({ ...others, ...(!isEmpty && { value }) }))
  } catch {
    // Forbidden or full storage: the draft lasts as long as the page.
  }
}
