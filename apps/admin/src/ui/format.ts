const formats = new Map<string, Intl.DateTimeFormat>()

/** An instant in the reader's own zone. */
export function formatInstant(at: string | number | Date, language: string): string {
  return format(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))
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
  return format(language, { timeStyle: 'medium' }).format(at)
}

/** "in 20 minutes", "5 minutes ago" */
export function formatRelative(at: string | number, now: number, language: string): string {
  const minutes = Math.round((new Date(at).getTime() - now) / 60_000)
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  if (minutes === 0) return relative.format(0, 'second')
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute')
  const hours = Math.round(minutes / 60)
  return Math.abs(hours) < 48 ? relative.format(hours, 'hour') : relative.format(Math.round(hours / 24), 'day')
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

/** "this, that, and more" */
export function formatList(parts: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(parts)
}

/** Time left, as 9:05. */
export function formatLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  let known = formats.get(key)
  if (!known) formats.set(key, (known = new Intl.DateTimeFormat(language, options)))
  return known
}
