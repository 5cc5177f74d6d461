import { counter, gauge } from '@drawbridge/runtime'

export const SINKS = ['syslog', 'ocsf', 'otlp'] as const
export type SinkName = (typeof SINKS)[number]

export const setBehind = gauge(
  'drawbridge_event_sink_behind',
  'Rows of the audit log that a receiver has yet to get.',
  {
    sink: SINKS,
  },
)

export const countFailure = counter(
  'drawbridge_event_sink_failures_total',
  'Times that a receiver of the audit log did not take what it was given; it is given again.',
  { sink: SINKS },
)
