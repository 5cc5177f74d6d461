import { NS_OCCUPANT_ID } from '@drawbridge/xmpp'
import type { Audience } from '../../routing/feature.ts'
import { affiliationRank } from './privileges.ts'
import type { Room } from './room.ts'

/**
 * Whom what is said in a room is for, beside those who are inside. What occupants may not read later (`isLogged`) is told
 * to nobody who was not there.
 */
export function audienceOf(room: Room): Audience | undefined {
  const { config } = room
  if (!config.isLogged || room.isDestroyed) return undefined
  const isMember = (person: string) => affiliationRank(room.affiliationOf(person)) >= affiliationRank('member')
  return {
    isPrivate: config.isMembersOnly || config.password !== '',
    *members() {
      for (const [jid, { affiliation }] of room.affiliations) if (affiliation !== 'outcast') yield jid
    },
    // Who is no member needs what a bookmark is not asked for: a password, an invitation.
    mayHear: (person) =>
      isMember(person) || (!config.isMembersOnly && config.password === '' && room.affiliationOf(person) !== 'outcast'),
    nicksOf: (person) => {
      const reserved = room.affiliations.get(person)?.nick
      return [...(reserved ? [reserved] : []), ...Array.from(room.occupantsOf(person), ({ nick }) => nick)]
    },
    hasSaid: (person, message) =>
      message.getChild('occupant-id', NS_OCCUPANT_ID)?.attrs['id'] === room.occupantIdOf(person),
  }
}
