import type { Texts } from '../texts/index.ts'

const DAY_MS = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  let known = formats.get(key)
  if (!known) formats.set(key, (known = new Intl.DateTimeFormat(localeOf(language), options)))
  return known
}

/** The reader's own variant of a language: 14:30 in Britain is 2:30 PM in the United States. */
function localeOf(language: string): string {
  return navigator.languages.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language
}

/** 14:30 */
export function formatTime(at: number, language: string): string {
  return format(language, { timeStyle: 'short' }).format(at)
}

/** Today, yesterday, or the date in words. */
export function formatDay(at: number, now: number, language: string, t: Texts): string {
  const days = daysBetween(at, now)
  if (days === 0) return t.today
  if (days === 1) return t.yesterday
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  return format(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at)
}

/** What the conversation list has room for: a time today, a weekday this week, else a short date. */
export function formatShort(at: number, now: number, language: string, t: Texts): string {
  const days = daysBetween(at, now)
  if (days === 0) return formatTime(at, language)
  if (days === 1) return t.yesterday
  if (days < 7) return format(language, { weekday: 'short' }).format(at)
  return format(language, { day: 'numeric', month: 'short' }).format(at)
}

/** Date and time in full. */
export function formatInstant(at: number, language: string): string {
  return format(language, { dateStyle: 'long', timeStyle: 'short' }).format(at)
}

/** The time, with the date when that is another day. */
export function formatMoment(at: number, now: number, language: string): string {
  return daysBetween(at, now) === 0
    ? formatTime(at, language)
    : format(language, { dateStyle: 'medium', timeStyle: 'short' }).format(at)
}

/** "in 20 minutes", "5 minutes ago" */
export function formatRelative(at: number, now: number, language: string): string {
  const minutes = Math.round((at - now) / 60_000)
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  if (minutes === 0) return relative.format(0, 'second')
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute')
  const hours = Math.round(minutes / 60)
  return Math.abs(hours) < 48 ? relative.format(hours, 'hour') : relative.format(Math.round(hours / 24), 'day')
}

/** "1.4 MB" */
export function formatBytes(bytes: number, language: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const style = { style: 'unit', unit: units[unit] ?? 'byte', unitDisplay: unit === 0 ? 'long' : 'short' } as const
  return new Intl.NumberFormat(language, { ...style, maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 }).format(
    value,
  )
}

/** "this, that, and more" */
export function formatList(parts: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(parts)
}

/** Whole calendar days from `at` to `now`; negative when `at` is later. */
function daysBetween(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS)
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}
