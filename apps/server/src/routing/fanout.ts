/** Recipients that are served in one turn of the loop, so that a list of thousands holds nobody up. */
export const RECIPIENTS_PER_TURN = 500

/**
 * Serves a list, a part per turn; a short one at once. Before each further part `goesOn` is asked: what was to be told
 * may be old by then.
 */
export async function inTurns<T>(
  list: readonly T[],
  serve: (recipient: T, turn: number) => void,
  goesOn: () => boolean = () => true,
): Promise<void> {
  for (let at = 0, turn = 0; at < list.length; turn++) {
    const end = Math.min(at + RECIPIENTS_PER_TURN, list.length)
    for (; at < end; at++) serve(list[at]!, turn)
    if (at === list.length) return
    await new Promise((resolve) => setImmediate(resolve))
    if (!goesOn()) return
  }
}
