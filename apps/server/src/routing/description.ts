import { findOriginId, findSearchText, listReferences, NS_MUC_USER } from '@drawbridge/xmpp'
import type { MessageStanza } from '@drawbridge/xmpp'
import type { ArchiveEntry } from '@drawbridge/db'
import type { Context, Draft } from './feature.ts'

/**
 * What the archives know about a message beside its text: who wrote it, which other messages it is about, and by which
 * words it is found. Written with it, so that corrections and retractions hold from the moment they are committed.
 */
export function describe(
  { stanza, sender, origin }: Draft,
  { archive }: Pick<Context, 'archive'>,
): Pick<ArchiveEntry, 'author' | 'clientId' | 'references' | 'text'> {
  const { element, from } = stanza
  const clientId = stanza.id ?? findOriginId(element)
  const text = findSearchText(element)
  const references = listReferences(element)
  return {
    // The account, also behind a nick.
    author: sender?.account.bareJid ?? authorOf(stanza),
    ...(clientId === undefined ? {} : { clientId }),
    ...(text === undefined ? {} : { text: { ...text, language: text.language ?? archive.language } }),
    ...(references.length === 0
      ? {}
      : {
          references: references.map(({ kind, id, givenBy, isModerated }) => ({
            kind,
            target: givenBy === 'client' ? { clientId: id } : { id },
            // A room of ours says so; nobody else's word about it counts.
            ...(isModerated && origin === 'server' && !from.isFull ? { isModerated } : {}),
          })),
        }),
  }
}

/** XEP-0424 §5: authors are bare JIDs, but for occupants of a room, one of whom is not another. */
function authorOf({ element, from, type }: MessageStanza): string {
  const isOccupant = type === 'groupchat' || element.getChild('x', NS_MUC_USER) !== undefined
  return isOccupant ? from.toString() : from.bareString
}
