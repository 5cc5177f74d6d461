/** Severities, least severe first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFields = Readonly<Record<string, unknown>>

/** Writes one line per event. A field named like a secret (`password`, `token`, …) is replaced by `[redacted]`. */
export interface Log {
  debug(msg: string, fields?: LogFields): void
  info(msg: string, fields?: LogFields): void
  warn(msg: string, fields?: LogFields): void
  error(msg: string, fields?: LogFields): void
  /** A log whose every line carries these fields too. */
  child(fields: LogFields): Log
}

export interface LogOptions {
  readonly level?: LogLevel
  /** Human-readable lines instead of JSON. Absent: when stderr is a terminal. */
  readonly pretty?: boolean
  /** Fields of every line, such as `process`. */
  readonly fields?: LogFields
  /** Where a finished line goes, newline included. Absent: stderr. */
  readonly write?: (line: string) => void
  readonly now?: () => Date
}

const SECRET =
  /^(pass(word|phrase|wd)?|secret|token|authorization|cookie|credential|private_?key|.*(Password|Secret|Token))$/i
const MAX_DEPTH = 4

/** Makes a log. JSON lines to stderr with `level`, `time` (ISO 8601, UTC), `msg` and the fields. */
export function createLog(options: LogOptions = {}): Log {
  const { level = 'info', pretty = process.stderr.isTTY === true, now = () => new Date() } = options
  const write = options.write ?? ((line: string) => void process.stderr.write(line))
  return logWith(options.fields ?? {}, { least: LOG_LEVELS.indexOf(level), pretty, write, now })
}

/** Drops everything: for tests and for commands whose output is the product. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}

interface Sink {
  readonly least: number
  readonly pretty: boolean
  readonly write: (line: string) => void
  readonly now: () => Date
}

function logWith(inherited: LogFields, sink: Sink): Log {
  const at = (level: LogLevel) => {
    if (LOG_LEVELS.indexOf(level) < sink.least) return () => {}
    return (msg: string, fields?: LogFields) => sink.write(format(level, msg, { ...inherited, ...fields }, sink))
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logWith({ ...inherited, ...fields }, sink),
  }
}

function format(level: LogLevel, msg: string, fields: LogFields, { pretty, now }: Sink): string {
  const safe = plain(fields, 0) as Record<string, unknown>
  const time = now().toISOString()
  if (!pretty) return `${JSON.stringify({ level, time, msg, ...safe })}\n`
  const tail = Object.entries(safe).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  // A control character in a field could rewrite the terminal's earlier lines.
  return `${`${time.slice(11, 23)} ${level.padEnd(5)} ${msg}${tail.join('')}`.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '?')}\n`
}

/** A copy that JSON can hold: errors spelled out, secrets redacted, cycles cut by the depth. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value.toISOString()
  if (depth >= MAX_DEPTH) return '[…]'
  if (value instanceof Error) {
    const { name, message, stack, cause } = value
    return {
      name,
      message,
      ...('code' in value && { code: plain(value.code, depth + 1) }),
      stack,
      ...(cause !== undefined && { cause: plain(cause, depth + 1) }),
    }
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1))
  if (value instanceof Map || value instanceof Set) return plain([...value], depth)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET.test(key) ? '[redacted]' : plain(inner, depth + 1)]),
  )
}
