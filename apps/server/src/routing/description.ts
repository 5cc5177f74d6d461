import { findOriginId, findSearchText, listReferences } from '@drawbridge/xmpp'
import type { ArchiveEntry } from '@drawbridge/db'
import type { Context, Draft } from './feature.ts'

/**
 * What the archives know about a message beside its text: who wrote it, which other messages it is about, and by which
 * words it is found. Written with it, so that corrections and retractions hold from the moment they are committed.
 */
export function describe(
  { stanza, sender }: Draft,
  { archive }: Pick<Context, 'archive'>,
): Pick<ArchiveEntry, 'author' | 'clientId' | 'references' | 'text'> {
  const { element, from } = stanza
  const clientId = stanza.id ?? findOriginId(element)
  const text = findSearchText(element)
  const references = listReferences(element)
  return {
    // The account, also behind a nick. What nobody has sent is the word of the address itself: a room's, for example.
    author: sender?.account.bareJid ?? from.toString(),
    ...(clientId === undefined ? {} : { clientId }),
    ...(text === undefined ? {} : { text: { ...text, language: text.language ?? archive.language } }),
    ...(references.length === 0
      ? {}
      : {
          references: references.map(({ kind, id, givenBy, isModerated }) => ({
            kind,
            target: givenBy === 'client' ? { clientId: id } : { id },
            ...(isModerated && !sender && !from.isFull ? { isModerated } : {}),
          })),
        }),
  }
}
