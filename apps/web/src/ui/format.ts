import { formatDate } from '@drawbridge/ui'
import type { Texts } from '../texts/index.ts'

const DAY_MS = 86_400_000

/** 14:30 */
export function formatTime(at: number, language: string): string {
  return formatDate(at, language, { timeStyle: 'short' })
}

/** Today, yesterday, or the date in words. */
export function formatDay(at: number, now: number, language: string, t: Texts): string {
  const days = daysBetween(at, now)
  if (days === 0) return t.today
  if (days === 1) return t.yesterday
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  return formatDate(at, language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  })
}

/** What the conversation list has room for: a time today, a weekday this week, else a short date. */
export function formatShort(at: number, now: number, language: string, t: Texts): string {
  const days = daysBetween(at, now)
  if (days === 0) return formatTime(at, language)
  if (days === 1) return t.yesterday
  if (days < 7) return formatDate(at, language, { weekday: 'short' })
  return formatDate(at, language, { day: 'numeric', month: 'short' })
}

/** Date and time in full. */
export function formatInstant(at: number, language: string): string {
  return formatDate(at, language, { dateStyle: 'long', timeStyle: 'short' })
}

/** The time, with the date when that is another day. */
export function formatMoment(at: number, now: number, language: string): string {
  return daysBetween(at, now) === 0
    ? formatTime(at, language)
    : formatDate(at, language, { dateStyle: 'medium', timeStyle: 'short' })
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

/** Whole calendar days from `at` to `now`; negative when `at` is later. */
function daysBetween(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS)
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}
