/** xorshift32 (Marsaglia 2003): numbers below 2³² that are the same in every run. */
export type Random = () => number

/** @param seed - any number; zero, of which the generator would never leave, is another one. */
export function randomFrom(seed: number): Random {
  // Neighboring seeds start far from each other.
  let state = Math.imul(seed ^ (seed >>> 16), 0x9e3779b1) || 0x6d2b79f5
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  for (let round = 0; round < 4; round++) next()
  return next
}

/** One of these, which are not none. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random() % from.length] as T
}
