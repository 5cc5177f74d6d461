import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft } from '../routing/feature.ts'

/** Counts what was taken, once it is safe: by sender, room, other domain and format (control §2, row 4). */
export const traffic = defineFeature({
  name: 'traffic',
  implements: [],
  message: { notify: count },
})

function count({ stanza, sender, origin, sentAt, sizeBytes, archives, facts }: Draft, ctx: Context): void {
  // Chat states and the like are no messages to anybody who counts them; what the server says is not traffic of anybody's.
  if (archives.length === 0 || origin === 'server') return
  const { from, to } = stanza
  const service = to && to.domainpart !== ctx.domain ? ctx.findService(to.domainpart) : undefined
  const spoken = from.domainpart === ctx.domain ? undefined : ctx.findService(from.domainpart)
  const room = spoken ? from.bareString : service ? to?.bareString : undefined
  const isForeign = (domain: string) => domain !== ctx.domain && !ctx.findService(domain)
  const peer = [from.domainpart, to?.domainpart ?? ctx.domain].find(isForeign)
  ctx.traffic.count({
    at: sentAt,
    account: sender?.account.localpart,
    room,
    peer,
    bytes: sizeBytes,
    media: facts?.media,
    formats: facts?.formats,
  })
}
