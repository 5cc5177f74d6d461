import type { ResponseOf } from '@drawbridge/contract'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** What goes through in a minute, on average over `spanMs`. */
export interface Rate {
  readonly messages: number
  readonly images: number
  readonly spanMs: number
}

/** Where to begin to count: at the hour before the present one, so that it is never over a few seconds only. */
export function rateSince(now: Date): Date {
  return new Date((Math.floor(now.getTime() / HOUR_MS) - 1) * HOUR_MS)
}

type Hour = Pick<ResponseOf<'listTrafficHours'>['rows'][number], 'messages' | 'images'>

/** The rate since then, of hours in which something was sent. */
export function rateOf(rows: readonly Hour[], since: Date, now: Date): Rate {
  const spanMs = now.getTime() - since.getTime()
  const minutes = spanMs / MINUTE_MS
  const total = { messages: 0, images: 0 }
  for (const { messages, images } of rows) {
    total.messages += messages
    total.images += images
  }
  return { messages: total.messages / minutes, images: total.images / minutes, spanMs }
}
