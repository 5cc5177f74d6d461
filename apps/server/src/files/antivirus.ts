import type { Check } from '@drawbridge/contract'
import { antivirusAt, BoundedMap, ScanRefused } from '@drawbridge/runtime'
import type { AntivirusEngine, Log, ScanVerdict } from '@drawbridge/runtime'
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { AntivirusConfig } from './antivirus.config.ts'
import { countScan } from './events.ts'

/** Verdicts that are kept; the oldest goes first. */
const MAX_VERDICTS = 10_000
/** Before the second and the third try, in milliseconds: an engine that loads a new database is back soon. */
const RETRY_AFTER_MS = [250, 1_000]
const CHECK_TIMEOUT_MS = 2_000

export interface Antivirus {
  /**
   * What the engines say of a file: `infected` when one does, `clean` when all do, `unavailable` when one does not
   * answer in three tries. Verdicts are kept for as long as an engine has the same version and database.
   */
  scan(bytes: Uint8Array, signal?: AbortSignal): Promise<'clean' | 'infected' | 'unavailable'>
  /** Versions of the engines by their names. Rejects when one does not answer. */
  check(): Promise<Readonly<Record<string, string>>>
}

/** The engines that are configured; undefined when there is none. */
export function createAntivirus({ engines: addresses, timeoutMs }: AntivirusConfig, log: Log): Antivirus | undefined {
  if (addresses.length === 0) return undefined
  const engines = addresses.map(antivirusAt)
  const verdicts = new BoundedMap<string, ScanVerdict>(MAX_VERDICTS)
  const askOnce = async (engine: AntivirusEngine, bytes: Uint8Array, sha256: string, signal: AbortSignal) => {
    const key = `${engine.name} ${await engine.version(signal)} ${sha256}`
    const known = verdicts.get(key)
    if (known) {
      countScan({ outcome: 'known' })
      return known
    }
    const verdict = await engine.scan(bytes, signal)
    verdicts.set(key, verdict)
    countScan({ outcome: verdict.outcome })
    return verdict
  }
  const ask = async (engine: AntivirusEngine, bytes: Uint8Array, sha256: string, signal?: AbortSignal) => {
    for (let tries = 0; ; tries++) {
      try {
        const timeout = AbortSignal.timeout(timeoutMs)
        return await askOnce(engine, bytes, sha256, signal ? AbortSignal.any([signal, timeout]) : timeout)
      } catch (error) {
        signal?.throwIfAborted()
        const delayMs = error instanceof ScanRefused ? undefined : RETRY_AFTER_MS[tries]
        log.warn('an antivirus engine did not scan a file', { engine: engine.name, tries: tries + 1, error })
        if (delayMs === undefined) return undefined
        await wait(delayMs, undefined, signal && { signal })
      }
    }
  }

  return {
    async scan(bytes, signal) {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const answers = await Promise.all(engines.map((engine) => ask(engine, bytes, sha256, signal)))
      const found = answers.find((verdict) => verdict?.outcome === 'infected')
      if (found?.outcome === 'infected') {
        log.warn('a file is infected', { sha256, signature: found.signature })
        return 'infected'
      }
      if (!answers.includes(undefined)) return 'clean'
      countScan({ outcome: 'unavailable' })
      return 'unavailable'
    },
    async check() {
      const entries = engines.map(async (engine) => {
        const version = await engine.version(AbortSignal.timeout(CHECK_TIMEOUT_MS)).catch((error: unknown) => {
          throw new Error(`${engine.name}: ${error instanceof Error ? error.message : String(error)}`)
        })
        return [engine.name, version] as const
      })
      return Object.fromEntries(await Promise.all(entries))
    },
  }
}

/** The state of the engines for administrators. Without them the service goes on, so its readiness does not depend on it. */
export async function checkAntivirus(antivirus: Pick<Antivirus, 'check'>): Promise<Check> {
  const name = 'antivirus'
  try {
    return { name, isOk: true, detail: Object.values(await antivirus.check()).join(', ') }
  } catch (error) {
    return { name, isOk: false, detail: error instanceof Error ? error.message : String(error) }
  }
}
