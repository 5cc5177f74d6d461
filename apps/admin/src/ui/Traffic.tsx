import { useEffect, useState } from 'react'
import { liveRate, rateLine, withSample } from '../model/live-rate.ts'
import type { Sample } from '../model/live-rate.ts'
import { rateOf, rateSince } from '../model/rate.ts'
import { useTexts } from '../texts/index.ts'
import { formatAge, formatHour, formatRate } from './format.ts'
import { Sparkline } from './Sparkline.tsx'
import { Tile } from './Tile.tsx'
import { useResource } from './use-resource.ts'

/** How often what goes through is asked for, in milliseconds: it is written down as often. */
const EVERY_MS = 5_000
/** From here on it is a minute, but for the time that answers take, in milliseconds. */
const MINUTE_MS = 55_000

/** What was seen since the page was loaded: who looks at another page and comes back need not wait again. */
const seen: { since: Date; samples: readonly Sample[] } = { since: rateSince(new Date()), samples: [] }

/** Messages and images per minute just now; until enough of that was seen, since an hour, which is said. */
export function Traffic() {
  const { t, language } = useTexts()
  const [samples, setSamples] = useState(seen.samples)
  const traffic = useResource(
    'traffic',
    async (call, signal) => {
      const { rows } = await call('listTrafficHours', { query: { from: seen.since.toISOString() }, signal })
      return rows
    },
    { everyMs: EVERY_MS },
  )
  const { value, at } = traffic
  useEffect(() => {
    if (!value || at === undefined) return
    const total = { messages: 0, images: 0 }
    for (const { messages, images } of value) {
      total.messages += messages
      total.images += images
    }
    seen.samples = withSample(seen.samples, { at, ...total })
    setSamples(seen.samples)
  }, [value, at])
  const live = liveRate(samples)
  const rate = value && at !== undefined ? (live ?? rateOf(value, seen.since, new Date(at))) : undefined
  const note = !rate
    ? t.loading
    : !live
      ? t.tileSince(formatHour(seen.since, language))
      : live.spanMs >= MINUTE_MS
        ? t.tileLive
        : t.tileOver(formatAge(live.spanMs, language))
  return (['messages', 'images'] as const).map((what) => (
    <Tile
      key={what}
      label={what === 'messages' ? t.tileMessages : t.tileImages}
      value={rate ? formatRate(rate[what], language) : '–'}
      note={note}
    >
      <Sparkline points={rateLine(samples, what)} />
    </Tile>
  ))
}
