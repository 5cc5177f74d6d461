import { parseArgs, type ParseArgsConfig } from 'node:util'
import { type Account, sentencesOf } from '@drawbridge/contract'
import * as z from 'zod'
import { UsageError } from './command.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** Strict arguments: unknown options are a usage error, and so is another number of words than `words` names. */
export function parse<const O extends Options>(args: string[], words: readonly string[], options: O) {
  const { values, positionals } = parsed({ args, options, allowPositionals: true, strict: true })
  const missing = words[positionals.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`)
  if (positionals.length > words.length)
    throw new UsageError(`"${positionals[words.length]}" is one argument too many.`)
  return { values, words: positionals as string[] }
}

/** Node's parser, but for what it says of a value that looks like an option, such as `--deadline -5m`. */
function parsed<const T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config)
  } catch (error) {
    const [, option] = /^Option '(--[\w-]+)[^']*' argument is ambiguous/u.exec((error as Error).message) ?? []
    if (option === undefined) throw error
    const value = config.args?.[config.args.indexOf(option) + 1] ?? ''
    throw new UsageError(`"${value}" after ${option} begins with a hyphen; write ${option}=${value} if it is meant so.`)
  }
}

/** Checks what is to be sent against the schema of the route, and says in words of the command line what is wrong. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new UsageError(sentencesOf(result.error.issues, value).join(' '))
}

/** The option's value, or a usage error naming it. */
export function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing.`)
  return value
}

/** Items between commas; none is empty. */
export function listFrom(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** One line per account. */
export function accountLine({ name, displayName, roles, administers, isDisabled, isBreakGlass }: Account): string {
  const marks = [
    displayName !== undefined && `"${displayName}"`,
    ...roles.map((role) => (role === 'unit-administrator' ? `${role} of ${administers.join(', ')}` : role)),
    isBreakGlass && 'break-glass',
    isDisabled && 'disabled',
  ].filter(Boolean)
  return [name, ...marks].join('  ')
}

/** Whether the date in a text is one: a Date takes 30 February for 2 March. */
function isDay(written: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(written) ?? []
  return (
    day === undefined || new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
  )
}

/** No order here is meant for later than that, in milliseconds: it is a slip. */
const MAX_AHEAD_MS = 10 * 366 * 86_400_000

/**
 * An instant as people write it: an RFC 3339 instant, a local `2026-11-23 18:00` or `2026-11-23` (its midnight), or a time
 * from now such as `30s`, `15m`, `2h`, at most ten years.
 */
export function parseInstant(written: string, now: Date): string {
  const relative = /^(\d+)(s|m|h|d)$/i.exec(written)
  const ms = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[relative?.[2]?.toLowerCase() ?? ''] ?? 0
  const at = relative ? new Date(now.getTime() + Number(relative[1]) * ms) : instantFrom(written)
  if (/^-\d+[smhd]$/i.test(written) || at <= now) throw new UsageError(`"${written}" is in the past.`)
  if (Number.isNaN(at.getTime()) || !isDay(written))
    throw new UsageError(`"${written}" is not a time: write 2026-11-23T18:00, or from now 30s, 15m, 2h, 7d.`)
  if (at.getTime() - now.getTime() > MAX_AHEAD_MS) throw new UsageError(`"${written}" is more than ten years ahead.`)
  return at.toISOString()
}

function instantFrom(written: string): Date {
  // A day alone would be taken as UTC, and with a time as local: both are meant where they are written.
  if (/^\d{4}-\d\d-\d\d$/.test(written)) return new Date(`${written}T00:00`)
  const at = new Date(written.replace(' ', 'T'))
  const [, hour] = /^\d{4}-\d\d-\d\d[T ](\d\d):[\d:.]+$/.exec(written) ?? []
  if (hour !== undefined && !Number.isNaN(at.getTime()) && at.getHours() !== Number(hour) % 24)
    throw new UsageError(`"${written}" does not exist here: clocks go forward over it.`)
  return at
}
