import type { Element } from '../element.ts'
import {
  NS_CORRECTION,
  NS_FASTEN,
  NS_MODERATION,
  NS_REACTIONS,
  NS_REPLY,
  NS_RETRACTION,
  NS_RETRACTION_0,
} from '../ns.ts'

/** What a message says about another. */
export interface Reference {
  readonly kind: 'correction' | 'retraction' | 'reaction' | 'reply'
  /** The other message, as the sender calls it. */
  readonly id: string
  /** Who gave that id: the client of its author, or, for rooms, the archive (XEP-0359). */
  readonly givenBy: 'client' | 'archive'
  /** XEP-0425: said to be a moderator's; to be believed of the room itself only. */
  readonly isModerated: boolean
}

const MAX_ID_LENGTH = 1023

/**
 * Which messages this one is about, at most one of each kind: XEP-0308 names the client's id, also in rooms; XEP-0424,
 * XEP-0444 and XEP-0461 name the stanza-id in rooms and the client's id elsewhere.
 */
export function listReferences(message: Element): Reference[] {
  const givenBy = message.attrs['type'] === 'groupchat' ? 'archive' : 'client'
  const retract = message.getChild('retract', NS_RETRACTION)
  const applied = message.getChild('apply-to', NS_FASTEN)
  const isModerated = retract?.getChild('moderated', NS_MODERATION) !== undefined
  const found: (Omit<Reference, 'id' | 'isModerated'> & { id: string | undefined; isModerated?: boolean })[] = [
    { kind: 'correction', id: message.getChild('replace', NS_CORRECTION)?.attrs['id'], givenBy: 'client' },
    retract || !applied?.getChild('retract', NS_RETRACTION_0)
      ? { kind: 'retraction', id: retract?.attrs['id'], givenBy, isModerated }
      : // Version 0.3 of XEP-0424 names the origin-id everywhere.
        { kind: 'retraction', id: applied.attrs['id'], givenBy: 'client' },
    { kind: 'reaction', id: message.getChild('reactions', NS_REACTIONS)?.attrs['id'], givenBy },
    { kind: 'reply', id: message.getChild('reply', NS_REPLY)?.attrs['id'], givenBy },
  ]
  return found.flatMap(({ id, isModerated: moderated = false, ...rest }) =>
    id === undefined || id === '' || id.length > MAX_ID_LENGTH ? [] : [{ ...rest, id, isModerated: moderated }],
  )
}
