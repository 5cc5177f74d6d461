import { StanzaFault } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { roleRank } from './privileges.ts'
import type { Occupant, Room, Subject } from './room.ts'

/** Longest subject, in characters. */
const MAX_SUBJECT = 2_048

/** §8.1: a subject without a body changes the subject of the room. */
export function isSubjectChange(message: Element): boolean {
  return message.getChild('subject') !== undefined && !message.getChild('body') && !message.getChild('thread')
}

/** @throws StanzaFault */
export function assertMaySetSubject(room: Room, { role }: Occupant, text: string): void {
  const least = room.config.allowsSubject ? 'participant' : 'moderator'
  if (roleRank(role) < roleRank(least)) {
    throw new StanzaFault({ condition: 'forbidden', text: 'You may not change the subject.' })
  }
  if (text.length > MAX_SUBJECT)
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This subject is too long.' })
}

/** §7.2.15: what those who enter later are told. `message`: as the archive of the room has it. */
export function subjectOf(message: Element, at: Date): Subject {
  const { from = '' } = message.attrs
  return { text: message.getChildText('subject') ?? '', nick: from.slice(from.indexOf('/') + 1), at }
}
