/**
 * Drafts of the last moment. What a page begins to write into IndexedDB while it goes away may be lost with it; this is
 * written at once, in this tab only, and taken over by the page that comes next.
 */
const KEY = 'drawbridge.unwritten'

type Drafts = readonly (readonly [peer: string, text: string])[]

/** Synchronous, for `pagehide`. Where nothing can be stored, what is written to IndexedDB has to do. */
export function leaveDrafts(account: string, drafts: Drafts): void {
  try {
    if (drafts.length > 0) sessionStorage.setItem(KEY, JSON.stringify({ account, drafts }))
  } catch {
    // Full, or forbidden.
  }
}

/** What the page before this one left of this account; it is not left any more. Of anybody else it is thrown away. */
export function takeDrafts(account: string): Drafts {
  const text = sessionStorage.getItem(KEY)
  sessionStorage.removeItem(KEY)
  const left = JSON.parse(text ?? 'null') as { account: string; drafts: Drafts } | null
  return left?.account === account ? left.drafts : []
}
