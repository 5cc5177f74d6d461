import { archiveMetadata, listArchive } from '@drawbridge/db'
import {
  buildMamFin,
  buildMamForm,
  buildMamMetadata,
  buildMamResult,
  NS_CLIENT,
  NS_MAM,
  NS_MAM_EXTENDED,
  parseMamQuery,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft, IqRequest } from '../routing/feature.ts'
import { storedStanza } from '../routing/stored.ts'

/**
 * XEP-0313: Message Archive Management, of accounts. What a message leaves in which archive is said here, before the
 * commit; what an archive holds is read by its owner only.
 */
export const archive = defineFeature({
  name: 'archive',
  implements: [
    { xep: 313, version: '1.1.3' },
    { xep: 59, version: '1.0' },
    { xep: 297, version: '1.0' },
    { xep: 334, version: '1.0.0' },
    { xep: 4, version: '2.13.2' },
  ],
  accountDisco: [NS_MAM, NS_MAM_EXTENDED],
  message: { record },
  // `account`, not `own`: whoever asks for another archive is told that it is forbidden, whether it exists or not (SP-11).
  iq: [
    { type: 'set', to: 'account', xmlns: NS_MAM, name: 'query', handle: query },
    {
      type: 'get',
      to: 'account',
      xmlns: NS_MAM,
      name: 'query',
      handle(_payload, request) {
        assertOwn(request)
        return buildMamForm()
      },
    },
    { type: 'get', to: 'account', xmlns: NS_MAM, name: 'metadata', handle: metadata },
  ],
})

/** Durability §4: a durable message is in the archive of its sender and in that of its recipient, each once. */
function record({ stanza, durable, archives }: Draft, { accounts }: Context): void {
  // What is said in a room is in the room's archive (XEP-0313 §5.1.1).
  if (!durable || stanza.type === 'groupchat') return
  const { from, to } = stanza
  const sender = accounts.findByBareJid(from.bareString)
  const recipient = to && accounts.findByBareJid(to.bareString)
  // A message to oneself is one row, an incoming one: the other devices are still to get it.
  if (sender && sender !== recipient) {
    archives.push({ owner: sender.bareJid, peer: String(to ?? from.bare), direction: 'out' })
  }
  if (recipient && !recipient.isDisabled) {
    archives.push({ owner: recipient.bareJid, peer: String(from), direction: 'in' })
  }
}

/** §4: results go ahead as messages; the iq's result ends the page. */
async function query(payload: Element, request: IqRequest, ctx: Context): Promise<Element> {
  assertOwn(request)
  const { archivePageMax } = ctx.limits
  const { queryId, rsm, isFlipped, ...wanted } = parseMamQuery(payload, {
    maxItems: archivePageMax,
    maxIds: archivePageMax,
  })
  if (wanted.node !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
  if (rsm.index !== undefined) throw new StanzaFault({ condition: 'feature-not-implemented' })
  const owner = request.to.bareString
  const { max, before, after } = rsm
  const page = await listArchive(ctx.db, owner, {
    ...(wanted.with ? { with: wanted.with.toString() } : {}),
    ...(wanted.start ? { start: wanted.start } : {}),
    ...(wanted.end ? { end: wanted.end } : {}),
    ...(wanted.beforeId === undefined ? {} : { beforeId: wanted.beforeId }),
    ...(wanted.afterId === undefined ? {} : { afterId: wanted.afterId }),
    ...(wanted.ids ? { ids: wanted.ids } : {}),
    page: {
      max,
      flip: isFlipped,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  })
  if (page === 'item-not-found') throw new StanzaFault({ condition: 'item-not-found' })
  const { session } = request
  const to = session.jid.toString()
  for (const message of page.messages) {
    const result = buildMamResult(
      { id: message.id, stamp: message.sentAt, stanza: storedStanza(message, owner) },
      queryId,
    )
    session.send(xml('message', { xmlns: NS_CLIENT, from: owner, to }, result))
  }
  // The page's ends in the order of the archive, whichever way it was sent (§4.3.4).
  const ids = page.messages.map(({ id }) => id)
  if (isFlipped) ids.reverse()
  return buildMamFin({ isComplete: page.isComplete, rsm: { first: ids.at(0), last: ids.at(-1), count: page.count } })
}

async function metadata(_payload: Element, request: IqRequest, ctx: Context): Promise<Element> {
  assertOwn(request)
  const ends = await archiveMetadata(ctx.db, request.to.bareString)
  return buildMamMetadata(
    ends && {
      start: { id: ends.first.id, stamp: ends.first.sentAt },
      end: { id: ends.last.id, stamp: ends.last.sentAt },
    },
  )
}

function assertOwn({ isOwn }: IqRequest): void {
  if (!isOwn) throw new StanzaFault({ condition: 'forbidden' })
}
