import { setTimeout as wait } from 'node:timers/promises'
import type { Check } from '@drawbridge/contract'
import type { ArchiveWriter, Database } from '@drawbridge/db'
import { createHealth } from '@drawbridge/runtime'
import type { Health } from '@drawbridge/runtime'
import type { EventSinks } from './event-sinks/deliver.ts'
import { checkAntivirus } from './files/antivirus.ts'
import type { Antivirus } from './files/antivirus.ts'

/** Longest wait for what may be away: whoever looks because something is away must not wait for all of it in turn. */
const MAX_WAIT_MS = 2_000

export interface CheckedParts {
  readonly database: Pick<Database, 'pool'>
  readonly writer: Pick<ArchiveWriter, 'isConnected'>
  readonly antivirus: Antivirus | undefined
  readonly eventSinks: EventSinks
}

export interface Checks {
  /** For balancers: what this server cannot work without. */
  readonly health: Health
  /** For administrators: that, and what may be away for a while. */
  list(): Promise<Check[]>
}

/** Whether the parts of the server work. @param maxWaitMs - for each of them. */
export function createChecks(
  { database, writer, antivirus, eventSinks }: CheckedParts,
  maxWaitMs = MAX_WAIT_MS,
): Checks {
  const health = createHealth(maxWaitMs)
  health.add('ready', 'database', () => database.pool.query('select 1'))
  health.add('ready', 'archive', () => {
    if (!writer.isConnected) throw new Error('the archive cannot be written')
  })
  return {
    health,
    async list() {
      const [{ checks }, ...others] = await Promise.all([
        health.ready(),
        antivirus ? checkAntivirus(antivirus).then((check) => [check]) : [],
        inTime(eventSinks.checks(), maxWaitMs, [
          { name: 'event sinks', isOk: false, detail: `no answer in ${maxWaitMs} ms` },
        ]),
      ])
      const needed = Object.entries(checks).map(([name, answer]) =>
        answer === 'ok' ? { name, isOk: true } : { name, isOk: false, detail: answer },
      )
      return [...needed, ...others.flat()]
    },
  }
}

function inTime<T>(answer: Promise<T>, maxWaitMs: number, otherwise: T): Promise<T> {
  return Promise.race([answer.catch(() => otherwise), wait(maxWaitMs, otherwise, { ref: false })])
}
