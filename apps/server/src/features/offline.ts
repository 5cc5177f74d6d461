import { listIncoming, listStillUndelivered, listUndelivered, skipUndelivered } from '@drawbridge/db'
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
import { UNACKNOWLEDGED_MAX as OUTBOUND_MAX } from '../stream/resume.ts'
import type { Session } from '../stream/session.ts'

const NAME = 'offline'
const PAGE = 100
/** Unacknowledged stanzas beyond which a client is given time; well below what would end its session. */
const UNACKNOWLEDGED_MAX = 400
const UNSENT_MAX_BYTES = 512 * 1024
/** How often a client that is behind is looked at again. */
const BEHIND_MS = 100
/** Messages remembered that a session has got, beside those it has not acknowledged. */
export const LIVE_MAX = 2_000

/**
 * XEP-0160: Best Practices for Handling Offline Messages. There is no second store (durability §5.11): what no device
 * has acknowledged yet is marked in the archive, and goes to the next device that becomes available. So a device that
 * vanishes loses nothing for the others, nor for who comes back in its place (XEP-0198 §5).
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
    ended(session, ctx) {
      // Nothing else that follows from its end waits for this.
      void passOn(session, ctx).catch((error: unknown) =>
        ctx.log.error('what a device left stays in the archive', { error: String(error) }),
      )
    },
  },
  on: {
    'session.available': ({ session }, ctx) => catchUp(session, ctx),
  },
})

/** What this session has been given so far. */
interface Progress {
  /** Ids of the messages that reached it, the latest of them: they may still count as undelivered. */
  readonly got: Set<string>
  isFlushing: boolean
  /** A message came live while older ones were still on their way: it is in the archive and waits its turn. */
  hasMissed: boolean
  /** Position of the last message sent. */
  last: number
  readonly sent: WeakSet<Element>
  /** Positions of what the session before it, under the same full JID, was sent and has not acknowledged. */
  inherited: readonly number[]
}

function progressOf({ notes }: Session): Progress {
  const known = notes.get(NAME) as Progress | undefined
  if (known) return known
  const fresh: Progress = {
    got: new BoundedSet(LIVE_MAX),
    isFlushing: false,
    hasMissed: false,
    last: 0,
    sent: new WeakSet(),
    inherited: [],
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
  const { sent, got } = progress
  if (sent.has(element)) return true
  if (progress.isFlushing && !copy) {
    progress.hasMissed = true
    return false
  }
  got.add(id)
  return true
}

/** What waits for a session that is available now: for any device, or for the one that it takes the place of. */
async function catchUp(session: Session, ctx: Context): Promise<void> {
  if (session.takesMessages) return flush(session, ctx)
  const progress = progressOf(session)
  const own = progress.inherited
  progress.inherited = []
  await givePages(session, own, ctx, listIncoming)
}

async function flush(session: Session, ctx: Context): Promise<void> {
  const owner = session.account.bareJid
  const progress = progressOf(session)
  if (progress.isFlushing) return
  progress.isFlushing = true
  const also = progress.inherited
  progress.inherited = []
  try {
    await ctx.cursors.settle(owner)
    while (!session.isEnded) {
      progress.hasMissed = false
      const page = await listUndelivered(ctx.db, owner, PAGE, { after: progress.last, also })
      await give(session, page, ctx)
      progress.last = page.at(-1)?.position ?? progress.last
      // What was committed since this page was read was withheld, and is on the next.
      if (page.length < PAGE && !progress.hasMissed) return
      while (isBehind(session)) await wait(BEHIND_MS)
    }
  } finally {
    progress.isFlushing = false
  }
}

/**
 * XEP-0198 §5: what a device that is gone has not acknowledged is treated as if it had not been there. Who has taken its
 * place is given all of it, and the others what none of them has had, as by a message to the bare JID (RFC 6121 §8.5.2);
 * without others it waits for the next one.
 */
async function passOn(gone: Session, ctx: Context): Promise<void> {
  const owner = gone.account.bareJid
  const left = gone.takeUnacknowledged().flatMap(({ archived }) => (archived?.owner === owner ? archived.position : []))
  const positions = [...new Set([...progressOf(gone).inherited, ...left])].sort((a, b) => a - b)
  if (positions.length === 0) return
  const successor = ctx.sessions.find(gone.jid)
  if (successor?.priority === undefined) {
    // No more than a session can have unacknowledged: what is older, and nobody has had, waits like everything else.
    if (successor) progressOf(successor).inherited = positions.slice(-OUTBOUND_MAX)
  } else await givePages(successor, positions, ctx, listIncoming)
  const others = ctx.sessions.of(owner).filter((session) => session !== successor && session.takesMessages)
  await Promise.all(others.map((session) => givePages(session, positions, ctx, listStillUndelivered)))
}

/** Gives a session what is left of the messages at these positions, in their order. */
async function givePages(
  session: Session,
  positions: readonly number[],
  ctx: Context,
  list: typeof listIncoming,
): Promise<void> {
  const owner = session.account.bareJid
  if (positions.length > 0) await ctx.cursors.settle(owner)
  for (let at = 0; at < positions.length && !session.isEnded; at += PAGE) {
    await give(session, await list(ctx.db, owner, positions.slice(at, at + PAGE)), ctx)
    while (isBehind(session)) await wait(BEHIND_MS)
  }
}

/** Hands messages over that the session has not had. Those that nobody is to see any more count as handed over. */
async function give(session: Session, messages: readonly ArchivedMessage[], ctx: Context): Promise<void> {
  const owner = session.account.bareJid
  const { got, sent } = progressOf(session)
  const filtered = await filterMessages(messages, ctx)
  const underWay = new Set(session.outbound?.unacknowledged().map(({ archived }) => archived?.position))
  for (const message of filtered) {
    if (session.isEnded) return
    if (got.has(message.id) || underWay.has(message.position)) {
      // Of what it got before it took messages it had a copy; having acknowledged all, it has had the message.
      if (underWay.size === 0 && session.takesMessages) ctx.cursors.handed({ owner, position: message.position })
      continue
    }
    const outgoing = outgoingFrom(message, owner, ctx.domain)
    sent.add(outgoing.element)
    got.add(message.id)
    // What was retracted meanwhile is not handed out any more (XEP-0424 §5), nor what a blocked contact had sent.
    const isShown = message.retraction === undefined && session.send(outgoing)
    if (!isShown) ctx.cursors.handed({ owner, position: message.position })
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
