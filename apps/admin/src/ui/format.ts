import { formatDate } from '@drawbridge/ui'

/** An instant in the reader's own zone. */
export function formatInstant(at: string | number | Date, language: string): string {
  return formatDate(at, language, { dateStyle: 'medium', timeStyle: 'short' })
}

/** The same in UTC, which logs and colleagues elsewhere speak. */
export function formatUtc(at: string | number | Date): string {
  return new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/u, ' UTC')
}

/** 14:30:05 */
export function formatClock(at: number, language: string): string {
  return formatDate(at, language, { timeStyle: 'medium' })
}

/** 1,204 */
export function formatCount(count: number, language: string): string {
  return new Intl.NumberFormat(language).format(count)
}

/** 12.3 */
export function formatRate(perMinute: number, language: string): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: perMinute < 100 ? 1 : 0 }).format(perMinute)
}

/** 98.2 % */
export function formatShare(share: number, language: string): string {
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(share)
}

/** Time left, as 9:05. */
export function formatLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
