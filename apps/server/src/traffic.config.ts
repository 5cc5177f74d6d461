import { boolean } from '@drawbridge/runtime'
import * as z from 'zod'

/** Settings of the accounting of traffic. */
export const trafficConfig = z.object({
  isCounted: boolean.default(true).meta({
    env: 'DRAWBRIDGE_TRAFFIC_ACCOUNTING',
    doc: 'Whether messages, bytes, files and images are counted by account, room, peer and format. It costs well below two percent of the time of a message. Off, nobody can tell afterwards who sent how much; images are counted all the same.',
  }),
})
