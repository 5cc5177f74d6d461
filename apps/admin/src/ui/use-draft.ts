import { useCallback, useState } from 'react'
import { useConsole } from '../api/console.ts'

const PREFIX = 'drawbridge-draft '

/** What is being written under a name. */
export interface Draft<T> {
  readonly value: T
  /** It was found here: the page was loaded anew since it was typed. */
  readonly isRestored: boolean
  set(change: T | ((known: T) => T)): void
  /** It was sent, or is not wanted any more. */
  discard(): void
}

/**
 * What somebody writes, kept for as long as the tab is open: it outlives a reload, another page, and a session that ends.
 * Only whoever wrote it gets it back, and signing out takes it away.
 *
 * @param name - of the form, and of what it is about
 */
export function useDraft<T extends object>(name: string, empty: T): Draft<T> {
  const key = keyOf(useConsole().session.account.name, name)
  const [state, setState] = useState(() => read(key, empty))
  const current = state.key === key ? state : read(key, empty)
  const set = useCallback(
    (change: T | ((known: T) => T)) =>
      setState((before) => {
        const known = before.key === key ? before : read(key, empty)
        const value = typeof change === 'function' ? change(known.value) : change
        store(key, value)
        return { ...known, value }
      }),
    // What is empty stays what it was at first.
    [key],
  )
  const discard = useCallback(() => {
    store(key, undefined)
    setState({ key, value: empty, isRestored: false })
  }, [key])
  return { value: current.value, isRestored: current.isRestored, set, discard }
}

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

function read<T extends object>(key: string, empty: T): { key: string; value: T; isRestored: boolean } {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null')
    if (typeof kept === 'object' && kept !== null) return { key, value: { ...empty, ...kept }, isRestored: true }
  } catch {
    // Forbidden storage, or something that is no draft of ours.
  }
  return { key, value: empty, isRestored: false }
}

function store(key: string, value: object | undefined): void {
  try {
    if (value === undefined) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, JSON.stringify(value))
  } catch {
    // Forbidden or full storage: the draft lasts as long as the page.
  }
}
