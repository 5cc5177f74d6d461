import { compareVersions, parseVersion } from './version.ts'
import type { ClientRuleDocument } from './settings.ts'

type Judged = Pick<ClientRuleDocument, 'from' | 'below' | 'activeFrom' | 'activeUntil'> &
  Partial<Pick<ClientRuleDocument, 'action' | 'formats'>>

/**
 * Why a rule or an exception could never do what it says, as a sentence; undefined when it can. It would be saved, look
 * as if it were in force, and be about nobody.
 *
 * @param at - now, in ms since 1970
 */
export function ruleFault({ from, below, activeFrom, activeUntil, action, formats }: Judged, at: number) {
  if (from !== undefined && below !== undefined && !isBefore(from, below)) {
    return `No version is from ${from} on and below ${below}.`
  }
  if (activeUntil !== undefined && activeUntil <= at) return 'Its window is over.'
  if (activeFrom !== undefined && activeUntil !== undefined && activeUntil <= activeFrom) {
    return 'Its window ends before it begins.'
  }
  if (action === 'degrade' && (formats ?? []).length === 0) return 'It names no image format to withhold.'
  return undefined
}

function isBefore(from: string, below: string): boolean {
  const [first, end] = [parseVersion(from), parseVersion(below)]
  return first !== 'unparseable' && end !== 'unparseable' && compareVersions(first, end) < 0
}
