import type { AuditRow } from '@drawbridge/db'
import { readBounded } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import type { EventSink } from './sink.ts'
import { RetryLater } from './sink.ts'

/** INFO2 of OpenTelemetry's log data model: a normal but noteworthy event. */
const SEVERITY_NUMBER = 10
/** Of an answer, which is a few words when it is well-formed. */
const MAX_ANSWER_BYTES = 65_536

export interface OtlpOptions {
  readonly url: string
  readonly token?: string | undefined
  readonly domain: string
  readonly log: Log
}

/**
 * OTLP/HTTP with JSON. Beside what the protocol calls retryable, everything else that is not a success is tried again, too:
 * an expired token or a wrong path must not cost the record of what was done.
 */
export function otlpSink({ url, token, domain, log }: OtlpOptions): EventSink {
  const address = new URL('v1/logs', url.endsWith('/') ? url : `${url}/`)
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  return {
    name: 'otlp',
    async deliver(rows, signal) {
      const body = JSON.stringify(otlpLogs(rows, domain))
      const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'error' })
      const answer = await readBounded(response.body, MAX_ANSWER_BYTES)
      if (!answer) throw new Error('the answer of the collector is too large')
      if (!response.ok) {
        const seconds = Number(response.headers.get('retry-after'))
        const message = `the collector answered ${response.status}`
        throw seconds > 0 ? new RetryLater(message, seconds * 1_000) : new Error(message)
      }
      const rejected = rejectedIn(answer.toString())
      // The protocol forbids to send these again: they are missing there, and their numbers with them.
      if (rejected > 0)
        log.error('the collector rejected events', { rejected, from: rows[0]?.seq, to: rows.at(-1)?.seq })
    },
  }
}

/** Rows as an ExportLogsServiceRequest. Numbers of 64 bits are strings there. */
export function otlpLogs(rows: readonly AuditRow[], domain: string) {
  return {
    resourceLogs: [
      {
        resource: { attributes: [textOf('service.name', 'drawbridge'), textOf('service.instance.id', domain)] },
        scopeLogs: [{ scope: { name: 'drawbridge.audit' }, logRecords: rows.map(recordOf) }],
      },
    ],
  }
}

function recordOf({ seq, at, actor, action, target, detail, hash }: AuditRow) {
  const nanoseconds = `${at.getTime()}000000`
  return {
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    severityNumber: SEVERITY_NUMBER,
    severityText: 'NOTICE',
    eventName: action,
    body: { stringValue: `${actor} ${action} ${target}`.trimEnd() },
    attributes: [
      { key: 'drawbridge.audit.seq', value: { intValue: String(seq) } },
      textOf('drawbridge.audit.actor', actor),
      textOf('drawbridge.audit.action', action),
      textOf('drawbridge.audit.target', target),
      textOf('drawbridge.audit.detail', JSON.stringify(detail)),
      textOf('drawbridge.audit.hash', hash.toString('hex')),
    ],
  }
}

const textOf = (key: string, stringValue: string) => ({ key, value: { stringValue } })

/** The number of `partialSuccess`. A 200 with anything but its JSON is some other server's. */
function rejectedIn(text: string): number {
  if (text === '') return 0
  const answer = JSON.parse(text) as {
    readonly partialSuccess?: { readonly rejectedLogRecords?: unknown } | null
  } | null
  return Number(answer?.partialSuccess?.rejectedLogRecords ?? 0)
}
