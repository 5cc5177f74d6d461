import { listArchive } from '@drawbridge/db'
import { sendPush } from '@drawbridge/jobs'
import type { Handler } from '@drawbridge/jobs'
import { parseJid, stanzaFrom } from '@drawbridge/xmpp'
import type { Context } from '../routing/feature.ts'
import { parseStored } from '../routing/parse-stored.ts'
import { pushPayload, wakesOf } from '../routing/wakes.ts'

/** Pushes that are enqueued at once. */
const AT_ONCE = 100

/**
 * From one row of the outbox to the devices of everybody who is to hear of a message in a room. Whoever an earlier job
 * tells anyway is left out; after a restart nothing is known of those, and everybody is told.
 */
export function wakeRoomHandler(ctx: Context): Handler<{ readonly room: string; readonly message: string }> {
  return async ({ room, message }) => {
    const page = await listArchive(ctx.db, room, { ids: [message], page: { max: 1 } })
    const [found] = typeof page === 'string' ? [] : page.messages
    if (!found || found.retraction) return
    const element = parseStored(found.stanza)
    const stanza = stanzaFrom(element, { from: parseJid(element.attrs['from'] ?? '') })
    if (stanza.kind !== 'message') return
    const wakes = [...wakesOf({ stanza, archives: [{ owner: room, peer: found.peer, direction: 'in' }] }, ctx)]
    const due = wakes.filter(({ target }) => target.pending === undefined || target.pending === message)
    for (let at = 0; at < due.length; at += AT_ONCE) {
      const part = due.slice(at, at + AT_ONCE)
      for (const { target } of part) target.pending = message
      await Promise.all(part.map((wake) => ctx.jobs.enqueue(sendPush, pushPayload(wake, message, room))))
    }
  }
}
