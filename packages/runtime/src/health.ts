/** Resolves when the thing works; rejects with the reason when it does not. */
export type Check = () => unknown

export interface HealthReport {
  readonly ok: boolean
  /** Per check: `ok`, or why not. */
  readonly checks: Readonly<Record<string, string>>
}

/** Named checks behind `/healthz` (restart me?) and `/readyz` (send me traffic?). */
export interface Health {
  /** @param kind - `live`: failing means that only a restart helps. `ready`: failing means not now. */
  add(kind: 'live' | 'ready', name: string, check: Check): void
  /** What `/healthz` answers: the `live` checks. */
  live(): Promise<HealthReport>
  /** What `/readyz` answers: all checks. */
  ready(): Promise<HealthReport>
}

/** @param timeoutMs - a check that takes longer counts as failed. Default 2 s. */
export function createHealth(timeoutMs = 2_000): Health {
  const checks: { kind: 'live' | 'ready'; name: string; check: Check }[] = []

  async function report(kinds: readonly string[]): Promise<HealthReport> {
    const asked = checks.filter(({ kind }) => kinds.includes(kind))
    const results = await Promise.all(
      asked.map(async ({ name, check }): Promise<[string, string]> => [name, await outcome(check, timeoutMs)]),
    )
    return { ok: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) }
  }

  return {
    add: (kind, name, check) => void checks.push({ kind, name, check }),
    live: () => report(['live']),
    ready: () => report(['live', 'ready']),
  }
}

async function outcome(check: Check, timeoutMs: number): Promise<string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(`no answer in ${timeoutMs} ms`), timeoutMs)
  const tried = Promise.try(check).then(
    () => 'ok',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  try {
    return await Promise.race([tried, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
