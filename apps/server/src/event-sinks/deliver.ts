import type { Check } from '@drawbridge/contract'
import { claimEventSink, findEventSink, noteDelivery, readAudit, releaseEventSink, uuidv7 } from '@drawbridge/db'
import type { AuditRow, Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { setTimeout as wait } from 'node:timers/promises'
import { countFailure, setBehind } from './events.ts'
import { ocsfSink } from './ocsf.ts'
import { otlpSink } from './otlp.ts'
import { RetryLater } from './sink.ts'
import type { EventSink } from './sink.ts'
import type { EventSinksConfig } from './sinks.config.ts'
import { syslogSink } from './syslog.ts'

/** How often the log is looked at, in milliseconds. */
const POLL_MS = 1_000
/** Longest time for one batch, in milliseconds. */
const DELIVER_MS = 15_000
/** How long another process waits for one that has gone. Longer than a batch takes, or two would deliver at once. */
const LEASE_MS = 60_000
const MAX_BACKOFF_MS = 60_000
/** Longest pause that a receiver may ask for, in milliseconds. */
const MAX_RETRY_MS = 300_000
const MAX_ROWS = 100
/** Of a batch's details together, in characters; one row may have more. */
const MAX_BATCH_LENGTH = 1_000_000
const MAX_ERROR_LENGTH = 300
/** While the database does not answer. */
const UNKNOWN = { behind: '?', error: 'the database does not answer' }

export interface EventSinks extends AsyncDisposable {
  /** The state of each receiver for administrators. */
  checks(): Promise<Check[]>
}

export interface DeliveryOptions {
  readonly db: Db
  readonly sinks: readonly EventSink[]
  readonly log: Log
  readonly pollMs?: number
}

/** The receivers that are configured. */
export function sinksFrom(config: EventSinksConfig, domain: string, log: Log): EventSink[] {
  const { syslogUrl, syslogCa, ocsfFile, otlpUrl, otlpToken } = config
  return [
    ...(syslogUrl === undefined ? [] : [syslogSink({ url: syslogUrl, caFile: syslogCa, domain })]),
    ...(ocsfFile === undefined ? [] : [ocsfSink({ file: ocsfFile, domain })]),
    ...(otlpUrl === undefined ? [] : [otlpSink({ url: otlpUrl, token: otlpToken, domain, log })]),
  ]
}

/**
 * Gives the audit log to each receiver (control §5, row 78): every row, in order, at least once, from the first on.
 * Whoever acts never waits for it. The place reached is in the database, so neither a restart nor a receiver that is away
 * makes a gap; and as rows are numbered without one, the receiver sees any that is made elsewhere.
 */
export function startDelivery({ db, sinks, log, pollMs = POLL_MS }: DeliveryOptions): EventSinks {
  const owner = uuidv7()
  const stop = new AbortController()
  const running = sinks.map((sink) => run(sink))

  async function run(sink: EventSink): Promise<void> {
    let failures = 0
    while (!stop.signal.aborted) {
      let pauseMs = pollMs
      try {
        if (await deliverSome(sink)) continue
        failures = 0
      } catch (error) {
        if (stop.signal.aborted) return
        pauseMs = Math.min(MAX_BACKOFF_MS, pollMs * 2 ** Math.min(failures++, 10))
        if (error instanceof RetryLater) pauseMs = Math.min(MAX_RETRY_MS, Math.max(pauseMs, error.afterMs))
        countFailure({ sink: sink.name })
        log.warn('a receiver of the audit log has to be tried again', {
          sink: sink.name,
          error: textOf(error),
          pauseMs,
        })
        await noteDelivery(db, sink.name, owner, { error: textOf(error) }).catch(() => undefined)
      }
      await wait(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }

  /** Whether there may be more. */
  async function deliverSome({ name, deliver }: EventSink): Promise<boolean> {
    const { behind } = await findEventSink(db, name)
    setBehind({ sink: name }, behind)
    if (behind === 0) return false
    const after = await claimEventSink(db, name, owner, LEASE_MS)
    if (after === undefined) return false
    const rows = batchOf(await readAudit(db, after, MAX_ROWS))
    if (rows.length === 0) return false
    await deliver(rows, AbortSignal.any([stop.signal, AbortSignal.timeout(DELIVER_MS)]))
    await noteDelivery(db, name, owner, { seq: rows.at(-1)!.seq })
    return true
  }

  return {
    checks: () =>
      Promise.all(
        sinks.map(async ({ name }) => {
          const { behind, error } = await findEventSink(db, name).catch(() => UNKNOWN)
          const detail = `${behind} events behind${error && `: ${error}`}`
          return { name: `events to ${name}`, isOk: error === '', detail }
        }),
      ),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(running)
      await Promise.all(sinks.map(({ name }) => releaseEventSink(db, name, owner)))
    },
  }
}

/** The first rows that are not too much together. */
function batchOf(rows: readonly AuditRow[]): readonly AuditRow[] {
  let length = 0
  const end = rows.findIndex(({ detail }) => (length += JSON.stringify(detail).length) > MAX_BATCH_LENGTH)
  return end === -1 ? rows : rows.slice(0, Math.max(1, end))
}

/** What was wrong, with the reason below it: of a failed `fetch` the message alone says nothing. */
function textOf(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  const text = cause instanceof Error && cause.message ? `${message} (${cause.message})` : message
  return text.replaceAll('\0', '').slice(0, MAX_ERROR_LENGTH)
}
