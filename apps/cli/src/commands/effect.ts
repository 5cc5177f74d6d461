import type { Effect } from '@drawbridge/contract'

/** What a change of the rules did, as a line. */
export function effectLine({ appliedMs, disconnected, notified }: Effect): string {
  return `in force after ${Math.round(appliedMs)} ms, ${disconnected} sessions closed, ${notified} notified`
}
