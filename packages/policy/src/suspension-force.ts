import type { SuspensionMode } from './vocabulary.ts'

/** Of a suspension, what says whether it acts. */
interface Force {
  readonly mode: SuspensionMode
  readonly isScheduled?: boolean | undefined
  readonly isDrill?: boolean | undefined
}

/** Whether a suspension stops anything now: one that only announces, is planned or is a drill does not. */
export function isInForce({ mode, isScheduled = false, isDrill = false }: Force): boolean {
  return mode !== 'announce' && !isScheduled && !isDrill
}

/** Whether a suspension that is in force closes the whole service. */
export function isWholeCut(suspension: Force & { readonly scopes: readonly string[] }): boolean {
  return suspension.mode === 'cut' && suspension.scopes.includes('service') && isInForce(suspension)
}

/** Whether a suspension leaves anybody alone. */
export function hasExemptions({
  exemptions,
}: {
  readonly exemptions: Readonly<Record<string, readonly string[]>>
}): boolean {
  return Object.values(exemptions).some((exempt) => exempt.length > 0)
}
