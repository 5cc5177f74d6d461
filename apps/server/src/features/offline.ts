import { listUndelivered, skipUndelivered } from '@drawbridge/db'
import type { ArchivedMessage } from '@drawbridge/db'
import { BoundedSet } from '@drawbridge/runtime'
import { buildDelay, findCarbon, findStanzaId, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { setTimeout as wait } from 'node:timers/promises'
import { defineFeature } from '../routing/feature.ts'
import type { Context } from '../routing/feature.ts'
import { filterMessages } from '../routing/filter-stored.ts'
import { storedStanza } from '../routing/stored.ts'
import { Outgoing } from '../routing/outgoing.ts'
import type { Session } from '../stream/session.ts'

const NAME = 'offline'
const PAGE = 100
/** Unacknowledged stanzas beyond which a client is given time; well below what would end its session. */
const UNACKNOWLEDGED_MAX = 400
const UNSENT_MAX_BYTES = 512 * 1024
/** How often a client that is behind is looked at again. */
const BEHIND_MS = 100
/** Live messages remembered: more than a session can have unacknowledged. */
export const LIVE_MAX = 2_000

/**
 * XEP-0160: Best Practices for Handling Offline Messages. There is no second store (durability §5.11): what no device
 * was handed yet lies in the archive behind the owner's cursor, and goes to the next device that becomes available. The
 * cursor moves when a device acknowledges, so a device that vanishes meanwhile loses nothing.
 */
export const offline = defineFeature({
  name: NAME,
  implements: [{ xep: 160, version: '1.0.1' }],
  disco: ['msgoffline'],
  outbound: mayPass,
  session: {
    /** XEP-0386 §2.2: whoever binds this way catches up from the archive. */
    async boundInline({ account }, { db }) {
      await skipUndelivered(db, account.bareJid)
      return undefined
    },
  },
  on: {
    'session.available': async ({ session }, ctx) => {
      if (session.takesMessages) await flush(session, ctx)
    },
  },
})

/** What this session has been given so far. */
interface Progress {
  /** Ids of the messages that reached it live, the latest of them: they may still lie behind the cursor. */
  readonly live: Set<string>
  isFlushing: boolean
  /** A message came live while older ones were still on their way: it is in the archive and waits its turn. */
  hasMissed: boolean
  /** Position of the last message sent. */
  last: number
  readonly sent: WeakSet<Element>
}

function progressOf({ notes }: Session): Progress {
  const known = notes.get(NAME) as Progress | undefined
  if (known) return known
  const fresh: Progress = {
    live: new BoundedSet(LIVE_MAX),
    isFlushing: false,
    hasMissed: false,
    last: 0,
    sent: new WeakSet(),
  }
  notes.set(NAME, fresh)
  return fresh
}

/** Keeps the order: a live message does not overtake those that wait. */
function mayPass(element: Element, session: Session): boolean {
  if (element.name !== 'message') return true
  const owner = session.account.bareJid
  const copy = findCarbon(element)
  const id = findStanzaId(copy?.stanza ?? element, owner)
  if (id === undefined || copy?.direction === 'sent') return true
  const progress = progressOf(session)
  const { sent, live } = progress
  if (sent.has(element)) return true
  if (progress.isFlushing && !copy) {
    progress.hasMissed = true
    return false
  }
  live.add(id)
  return true
}

async function flush(session: Session, ctx: Context): Promise<void> {
  const owner = session.account.bareJid
  const progress = progressOf(session)
  if (progress.isFlushing) return
  progress.isFlushing = true
  try {
    await ctx.cursors.settle(owner)
    while (!session.isEnded) {
      progress.hasMissed = false
      const page = await listUndelivered(ctx.db, owner, PAGE, progress.last)
      for (const message of await filterMessages(page, ctx)) {
        progress.last = message.position
        // What was retracted meanwhile is not handed out any more (XEP-0424 §5).
        if (message.retraction || progress.live.has(message.id)) continue
        const outgoing = outgoingFrom(message, owner, ctx.domain)
        progress.sent.add(outgoing.element)
        session.send(outgoing)
      }
      // What was committed since this page was read was withheld, and is on the next.
      if (page.length < PAGE && !progress.hasMissed) return
      while (isBehind(session)) await wait(BEHIND_MS)
    }
  } finally {
    progress.isFlushing = false
  }
}

function isBehind({ isEnded, outbound, connection }: Session): boolean {
  if (isEnded) return false
  return (outbound?.length ?? 0) > UNACKNOWLEDGED_MAX || (connection?.pendingBytes ?? 0) > UNSENT_MAX_BYTES
}

function outgoingFrom(message: ArchivedMessage, owner: string, domain: string): Outgoing {
  const stanza = storedStanza(message, owner)
  const delay = buildDelay({ stamp: message.sentAt, from: domain })
  const element = xml(stanza.name, { ...stanza.attrs }, ...stanza.children, delay)
  return new Outgoing(element, { owner, position: message.position })
}
