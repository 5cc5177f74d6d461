/**
 * The shortest of several runs, in milliseconds: what the work costs when nobody else has the processor. For work that must
 * not grow with the square of what somebody sends; compare with a multiple of what it takes, never with a figure to hold.
 */
export function fastestMs(work: () => unknown): number {
  const runs = Array.from({ length: 5 }, () => {
    const startedAt = performance.now()
    work()
    return performance.now() - startedAt
  })
  return Math.min(...runs)
}
