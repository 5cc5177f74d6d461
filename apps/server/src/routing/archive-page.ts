import { archiveMetadata, listArchive, searchArchive } from '@drawbridge/db'
import type { ArchivedMessage, ArchiveQuery } from '@drawbridge/db'
import {
  buildMamFin,
  buildMamMetadata,
  buildMamResult,
  foldText,
  NS_CLIENT,
  parseMamQuery,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element, MamQuery } from '@drawbridge/xmpp'
import type { Session } from '../stream/session.ts'
import type { Context } from './feature.ts'
import { filterMessages } from './filter-stored.ts'
import { storedStanza } from './stored.ts'

/** Whose archive is read, by whom, and how. That they may is decided before. */
export interface ArchiveReader {
  /** Bare JID of the account or room; the results come from it. */
  readonly owner: string
  readonly session: Session
  /** Nothing from before this is shown: an address may have been somebody else's. */
  readonly since?: Date
  /** `xml:lang` of the request: the language of what is looked for. */
  readonly language?: string | undefined
  /** A message as this reader may see it; if not given, as it was delivered. */
  present?(message: ArchivedMessage): Element
}

/**
 * XEP-0313 §4, XEP-0431: one page of an archive. The results go ahead as messages; what is returned ends the page and is
 * the payload of the iq's result.
 */
export async function sendArchivePage(payload: Element, reader: ArchiveReader, ctx: Context): Promise<Element> {
  const { archivePageMax } = ctx.limits
  const query = parseMamQuery(payload, { maxItems: archivePageMax, maxIds: archivePageMax })
  if (query.node !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
  if (query.rsm.index !== undefined) throw new StanzaFault({ condition: 'feature-not-implemented' })
  const page = await readPage(query, reader, ctx)
  const { owner, session, present = (message: ArchivedMessage) => storedStanza(message, owner) } = reader
  const to = session.jid.toString()
  for (const message of await filterMessages(page.messages, ctx)) {
    const { id, sentAt: stamp } = message
    const result = buildMamResult({ id, stamp, stanza: present(message) }, query.queryId)
    session.send(xml('message', { xmlns: NS_CLIENT, from: owner, to }, result))
  }
  // The page's ends in the order of the archive, whichever way it was sent (§4.3.4).
  const ids = page.messages.map(({ id }) => id)
  if (query.isFlipped) ids.reverse()
  return buildMamFin({ isComplete: page.isComplete, rsm: { first: ids.at(0), last: ids.at(-1), count: page.count } })
}

async function readPage(query: MamQuery, { owner, since, language }: ArchiveReader, ctx: Context) {
  const { rsm, fullText, isFlipped: flip } = query
  const start = since && !(query.start && query.start > since) ? since : query.start
  const filters: ArchiveQuery = {
    ...(query.with ? { with: query.with.toString() } : {}),
    ...(start ? { start } : {}),
    ...(query.end ? { end: query.end } : {}),
    ...(query.beforeId === undefined ? {} : { beforeId: query.beforeId }),
    ...(query.afterId === undefined ? {} : { afterId: query.afterId }),
    ...(query.ids ? { ids: query.ids } : {}),
    page: {
      max: rsm.max,
      flip,
      ...(rsm.before === undefined ? {} : { before: rsm.before }),
      ...(rsm.after === undefined ? {} : { after: rsm.after }),
    },
  }
  const page =
    fullText === undefined
      ? await listArchive(ctx.db, owner, filters)
      : await searchArchive(
          ctx.db,
          owner,
          { words: foldText(fullText), language: language ?? ctx.archive.language },
          filters,
        )
  if (page === 'item-not-found') throw new StanzaFault({ condition: 'item-not-found' })
  if (page === 'too-slow') {
    throw new StanzaFault({
      type: 'wait',
      condition: 'resource-constraint',
      text: 'Too much was found. Narrow the search.',
    })
  }
  return page
}

/** XEP-0313 §5: where an archive begins and ends. */
export async function archiveEnds(
  { owner, since }: Pick<ArchiveReader, 'owner' | 'since'>,
  ctx: Context,
): Promise<Element> {
  const ends = await archiveMetadata(ctx.db, owner, since)
  return buildMamMetadata(
    ends && {
      start: { id: ends.first.id, stamp: ends.first.sentAt },
      end: { id: ends.last.id, stamp: ends.last.sentAt },
    },
  )
}
