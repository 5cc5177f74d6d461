const formats = new Map<string, Intl.DateTimeFormat>()

/** A date or time in the reader's own zone, and in their own variant of the language. */
export function formatDate(at: string | number | Date, language: string, options: Intl.DateTimeFormatOptions): string {
  const key = language + JSON.stringify(options)
  let known = formats.get(key)
  if (!known) formats.set(key, (known = new Intl.DateTimeFormat(localeOf(language), options)))
  return known.format(new Date(at))
}

/** 14:30 in Britain is 2:30 PM in the United States. */
function localeOf(language: string): string {
  return navigator.languages.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language
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

/** "this, that, and more" */
export function formatList(parts: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(parts)
}
