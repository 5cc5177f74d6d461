import type { AuditRow } from '@drawbridge/db'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { domainToASCII } from 'node:url'
import { escapeTreacherous, plainJson } from './readable.ts'
import type { EventSink } from './sink.ts'

/** Facility 13 (log audit), severity 5 (notice): RFC 5424 §6.2.1. */
const PRIORITY = 13 * 8 + 5
const DEFAULT_PORT = 6514
/** What a receiver should take (RFC 5425 §4.3.1), in bytes. */
const MAX_MESSAGE_BYTES = 8_192
/** Characters of one parameter: three of them, escaped and in UTF-8, leave room for the text. */
const MAX_PARAM_LENGTH = 256

export interface SyslogOptions {
  readonly url: string
  /** PEM file; read for every connection, so that a new one counts. */
  readonly caFile?: string | undefined
  readonly domain: string
}

/**
 * Syslog over TLS (RFC 5425). The protocol has no acknowledgment, so rows count as received when the receiver has closed
 * the connection in order after we have: unread bytes would make that a reset. A connection for each batch is no burden
 * where people act.
 */
export function syslogSink({ url, caFile, domain }: SyslogOptions): EventSink {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    name: 'syslog',
    async deliver(rows, signal) {
      const ca = caFile === undefined ? undefined : await readFile(caFile)
      signal.throwIfAborted()
      const frames = Buffer.concat(rows.map((row) => frame(syslogMessage(row, domain))))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const socket = connect({
        host,
        port: Number(port) || DEFAULT_PORT,
        minVersion: 'TLSv1.2',
        ...(ca ? { ca } : {}),
        ...(isIP(host) ? {} : { servername: host }),
      })
      const abort = () => socket.destroy(new Error('the receiver took too long', { cause: signal.reason }))
      signal.addEventListener('abort', abort)
      let isSent = false
      let isOrderly = false
      socket.once('secureConnect', () => socket.end(frames))
      socket.once('finish', () => (isSent = true))
      socket.once('end', () => (isOrderly = isSent))
      socket.once('error', reject)
      socket.once('close', () => {
        signal.removeEventListener('abort', abort)
        if (isOrderly) resolve()
        else reject(new Error('the receiver closed before it had everything'))
      })
      socket.resume()
      return promise
    },
  }
}

/** One row as RFC 5424 §6. Longer ones than a receiver has to take lose the end of their text, and say so. */
export function syslogMessage({ seq, at, actor, action, target, detail, hash }: AuditRow, domain: string): Buffer {
  const head = (isCut: boolean) => {
    const params = Object.entries({ seq: String(seq), actor, action, target, hash: hash.toString('hex') })
    if (isCut) params.push(['cut', 'true'])
    const data = params.map(([name, value]) => `${name}="${paramValue(value)}"`).join(' ')
    const fields = [`<${PRIORITY}>1`, at.toISOString(), printable(domainToASCII(domain), 255), 'drawbridge', '-']
    return `${[...fields, printable(action, 32)].join(' ')} [drawbridge@32473 ${data}] \ufeff`
  }
  const text = plainJson(detail)
  const whole = Buffer.from(head(false) + text)
  return whole.length <= MAX_MESSAGE_BYTES ? whole : cut(Buffer.from(head(true) + text))
}

/** RFC 5425 §4.3: octet counting. */
export function frame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** RFC 5424 §6.3.3. */
function paramValue(text: string): string {
  const short = text.length > MAX_PARAM_LENGTH ? `${text.slice(0, MAX_PARAM_LENGTH)}…` : text
  return escapeTreacherous(short).replace(/["\\\]]/g, String.raw`\$&`)
}

/** PRINTUSASCII of RFC 5424 §6, or its sign for nothing. */
function printable(text: string, maxLength: number): string {
  return text.replace(/[^!-~]/g, '?').slice(0, maxLength) || '-'
}

/** Never within a character. */
function cut(message: Buffer): Buffer {
  let end = MAX_MESSAGE_BYTES
  while ((message[end]! & 0xc0) === 0x80) end -= 1
  return message.subarray(0, end)
}
