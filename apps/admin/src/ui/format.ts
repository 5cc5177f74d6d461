import { formatDate } from '@drawbridge/ui'

/** An instant in the reader's own zone, which is named: who reads it may be elsewhere than who is called. */
export function formatInstant(at: string | number | Date, language: string): string {
  return formatDate(at, language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  })
}

/** 21:00 UTC+1, of today */
export function formatHour(at: Date, language: string): string {
  return formatDate(at, language, { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })
}

/** The reader's own zone, like Europe/Berlin. */
export function zoneOf(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
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

/** How long ago something began: "12 sec", "3 min", "2 hr". */
export function formatAge(ms: number, language: string): string {
  const seconds = Math.round(ms / 1_000)
  const [value, unit] =
    seconds < 60
      ? ([seconds, 'second'] as const)
      : seconds < 3_600
        ? ([Math.round(seconds / 60), 'minute'] as const)
        : ([Math.round(seconds / 3_600), 'hour'] as const)
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
}

/** Time left, as 9:05. */
export function formatLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** Addresses of people, without their devices. */
export function formatBare(jids: readonly string[]): string {
  return jids.map((jid) => jid.split('/')[0] ?? jid).join(', ')
}
