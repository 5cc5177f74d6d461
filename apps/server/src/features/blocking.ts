import { block, listAllBlocked, putReport, unblock } from '@drawbridge/db'
import { findJid, NS_BLOCKING, NS_CLIENT, NS_REPORTING, parseReport, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, Jid, Report } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import { refuseBlocked } from '../routing/block-lists.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft, IqRequest } from '../routing/feature.ts'
import type { Session } from '../stream/session.ts'

const MAX_ENTRIES = 1_000

/**
 * XEP-0191: Blocking Command. The lists are in memory (`ctx.blockLists`). A client's own stanzas are judged when they
 * enter, messages in their first stage; what the server sends by itself (presence, events) is judged on its way out.
 */
export const blocking = defineFeature({
  name: 'blocking',
  implements: [
    { xep: 191, version: '1.3' },
    { xep: 377, version: '0.4.1' },
  ],
  disco: [NS_BLOCKING, NS_REPORTING],
  accountDisco: [NS_BLOCKING],
  iq: [
    { type: 'get', to: 'own', xmlns: NS_BLOCKING, name: 'blocklist', handle: getList },
    { type: 'set', to: 'own', xmlns: NS_BLOCKING, name: 'block', handle: blockItems },
    { type: 'set', to: 'own', xmlns: NS_BLOCKING, name: 'unblock', handle: unblockItems },
  ],
  enter: (stanza, _session, ctx) => {
    if (stanza.kind !== 'message') refuseBlocked(stanza, ctx.blockLists)
    return undefined
  },
  message: {
    amend: ({ stanza, origin }: Draft, ctx) => void (origin !== 'server' && refuseBlocked(stanza, ctx.blockLists)),
    record: refuseRelayed,
  },
  outbound: mayReach,
  on: { 'account.deleted': ({ localpart }, ctx) => ctx.blockLists.set(`${localpart}@${ctx.domain}`, []) },
  async start(ctx) {
    const lists = Map.groupBy(await listAllBlocked(ctx.db), ({ localpart }) => `${localpart}@${ctx.domain}`)
    for (const [owner, rows] of lists)
      ctx.blockLists.set(
        owner,
        rows.map(({ jid }) => jid),
      )
  },
})

// --- the list -------------------------------------------------------------------------------------------------------

function getList(_payload: Element, { session }: IqRequest, ctx: Context): Element {
  // §3.2: a resource that has asked for the list is told of every change of it.
  session.notes.set('blocking', true)
  return xml('blocklist', { xmlns: NS_BLOCKING }, itemsOf(ctx.blockLists.of(session.account.bareJid)))
}

async function blockItems(payload: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  const items = parseItems(payload)
  const jids = items.map(({ jid }) => jid)
  if (jids.length === 0) throw new StanzaFault({ condition: 'bad-request', text: 'nobody named' })
  const { id, bareJid } = session.account
  if (jids.some((jid) => jid.bareString === bareJid)) {
    throw new StanzaFault({ condition: 'not-allowed', text: 'You cannot block yourself.' })
  }
  if (ctx.blockLists.of(bareJid).length + jids.length > MAX_ENTRIES) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'Your block list is full.' })
  }
  await ctx.db.transaction(async (tx) => {
    await block(tx, id, jids.map(String))
    // XEP-0377 §6: who is reported is blocked, exactly as without a report.
    for (const { jid, report } of items) {
      if (report) await putReport(tx, { id, archive: bareJid }, { reported: String(jid), ...report }, ctx.now())
    }
  })
  const before = ctx.blockLists.of(bareJid)
  const added = jids.filter((jid) => !before.includes(String(jid)))
  // Who is blocked still hears that the account leaves (§3.3): announced first, in force right after, in one turn.
  ctx.emit('blocking.changed', { owner: bareJid, blocked: added, unblocked: [] })
  ctx.blockLists.set(bareJid, [...before, ...new Set(added.map(String))])
  push(ctx, bareJid, xml('block', { xmlns: NS_BLOCKING }, itemsOf(jids.map(String))))
  return undefined
}

async function unblockItems(payload: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  const { id, bareJid } = session.account
  // §3.5: without items, everybody.
  const jids = parseItems(payload).map(({ jid }) => jid)
  const gone = await unblock(ctx.db, id, jids.length === 0 ? 'all' : jids.map(String))
  ctx.blockLists.set(
    bareJid,
    ctx.blockLists.of(bareJid).filter((jid) => !gone.includes(jid)),
  )
  const unblocked = gone.flatMap((jid) => findJid(jid) ?? [])
  ctx.emit('blocking.changed', { owner: bareJid, blocked: [], unblocked })
  push(ctx, bareJid, xml('unblock', { xmlns: NS_BLOCKING }, itemsOf(jids.map(String))))
  return undefined
}

function parseItems(payload: Element): { jid: Jid; report: Report | undefined }[] {
  return payload.getChildren('item').map((item) => {
    const { jid: text } = item.attrs
    if (text === undefined) throw new StanzaFault({ condition: 'bad-request', text: 'item without jid' })
    const jid = findJid(text)
    if (!jid) throw new StanzaFault({ condition: 'jid-malformed' })
    return { jid, report: parseReport(item) }
  })
}

function itemsOf(jids: readonly string[]): Element[] {
  return jids.map((jid) => xml('item', { jid }))
}

function push(ctx: Context, owner: string, payload: Element): void {
  for (const session of ctx.sessions.of(owner)) {
    if (session.notes.get('blocking') !== true) continue
    const id = `block-${randomBytes(6).toString('base64url')}`
    session.send(xml('iq', { xmlns: NS_CLIENT, type: 'set', id, to: session.jid.toString() }, payload.clone()))
  }
}

// --- its effect -----------------------------------------------------------------------------------------------------

/**
 * What a service has made of a message, such as a private one in a room, is from an address of the service (§3.3). Who
 * blocks that finds it neither on a device nor in the archive.
 */
function refuseRelayed({ origin, archives }: Draft, { blockLists }: Context): void {
  if (origin === 'server') return
  for (const { owner, peer, direction } of archives) {
    if (direction === 'out' || blockLists.of(owner).length === 0) continue
    const jid = findJid(peer)
    if (jid && blockLists.blocks(owner, jid)) throw new StanzaFault({ condition: 'service-unavailable' })
  }
}

/** Presence and events go out without entering: neither side of a block gets the other's. */
function mayReach(element: Element, { account }: Session, ctx: Context): boolean {
  const { from, type } = element.attrs
  const { blockLists } = ctx
  // What the server says about an address, an error above all, is not from that address.
  if (from === undefined || from === ctx.domain || type === 'error') return true
  const slash = from.indexOf('/')
  const sender = slash === -1 ? from : from.slice(0, slash)
  const own = account.bareJid
  if (sender === own || (blockLists.of(own).length === 0 && blockLists.of(sender).length === 0)) return true
  const jid = findJid(from)
  if (jid && blockLists.blocks(own, jid)) return false
  const ownJid = findJid(own)
  return !ownJid || !blockLists.blocks(sender, ownJid)
}
