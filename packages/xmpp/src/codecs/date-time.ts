import { StanzaFault } from '../errors.ts'

const PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/

/** The instant that an XEP-0082 DateTime names, to the millisecond; `undefined` if the text is not one. */
export function findDateTime(text: string): Date | undefined {
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const zone = match[8] ?? 'Z'
  const zoneHour = zone === 'Z' ? 0 : Number(zone.slice(1, 3))
  const zoneMinute = zone === 'Z' ? 0 : Number(zone.slice(4, 6))
  // A leap second is named as the first of the next minute, since clocks here have none.
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60 || zoneHour > 14 || zoneMinute > 59) {
    return undefined
  }
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined
  local.setUTCHours(hour, minute, second, milliseconds)
  const offsetMinutes = (zoneHour * 60 + zoneMinute) * (zone.startsWith('-') ? -1 : 1)
  return new Date(local.getTime() - offsetMinutes * 60_000)
}

/** Like `findDateTime`. @throws StanzaFault `bad-request` */
export function parseDateTime(text: string): Date {
  const date = findDateTime(text)
  if (!date) throw new StanzaFault({ condition: 'bad-request', text: 'malformed date' })
  return date
}

/** An instant as XEP-0082 DateTime, in UTC, with milliseconds. */
export function formatDateTime(date: Date): string {
  return date.toISOString()
}
