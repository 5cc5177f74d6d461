import { boolean, duration } from '@drawbridge/runtime'
import * as z from 'zod'

/** Settings of the accounting of traffic. */
export const trafficConfig = z.object({
  isCounted: boolean.default(true).meta({
    env: 'DRAWBRIDGE_TRAFFIC_ACCOUNTING',
    doc: 'Whether messages, bytes, files and images are counted by account, unit, room, peer and format. It costs well below two percent of the time of a message. Off, nobody can tell afterwards who sent how much; images are counted all the same.',
  }),
  retentionMs: duration
    .refine((ms) => ms >= 86_400_000, 'expected one day or more')
    .default(400 * 86_400_000)
    .meta({
      env: 'DRAWBRIDGE_TRAFFIC_RETENTION',
      doc: 'How long it is kept who sent how much in which hour, and which images came on which day. Longer shows more of the past, and takes a row for each hour in which somebody did something.',
    }),
})
