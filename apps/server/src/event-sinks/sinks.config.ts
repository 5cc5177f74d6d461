import { isLoopback } from '@drawbridge/runtime'
import { isAbsolute } from 'node:path'
import { z } from 'zod'

const absolute = z.string().refine(isAbsolute, 'expected an absolute path')

/** Settings of receivers of the audit log. */
export const eventSinksConfig = z.object({
  syslogUrl: z
    .url({ protocol: /^tls$/ })
    .refine((url) => new URL(url).hostname !== '', 'expected an address such as tls://siem.example.com:6514')
    .optional()
    .meta({
      env: 'DRAWBRIDGE_SYSLOG_URL',
      doc: 'Where the audit log is sent as syslog (RFC 5424) over TLS (RFC 5425), such as tls://siem.example.com:6514. Absent: it is not.',
    }),
  syslogCa: absolute.optional().meta({
    env: 'DRAWBRIDGE_SYSLOG_CA',
    doc: 'A PEM file with the certificates that the syslog receiver may be signed by, instead of the well-known ones.',
  }),
  ocsfFile: absolute.optional().meta({
    env: 'DRAWBRIDGE_OCSF_FILE',
    doc: 'A file to which the audit log is appended as lines of OCSF 1.3 JSON, for an agent that follows it. It is never rotated here; a renamed one is made anew. Absent: there is none.',
  }),
  otlpUrl: z
    .url({ protocol: /^https?$/ })
    .refine(isPrivate, 'expected https, or http to this machine')
    .optional()
    .meta({
      env: 'DRAWBRIDGE_OTLP_URL',
      doc: 'Base address of an OpenTelemetry collector that is sent the audit log by OTLP/HTTP, such as https://otel.example.com:4318; /v1/logs is added. Plain http only to this machine. Absent: none is.',
    }),
  otlpToken: z.string().min(1).optional().meta({
    env: 'DRAWBRIDGE_OTLP_TOKEN',
    doc: 'Bearer token for the OpenTelemetry collector.',
    secret: true,
  }),
})

export type EventSinksConfig = z.output<typeof eventSinksConfig>

function isPrivate(text: string): boolean {
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))
}
