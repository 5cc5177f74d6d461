import { parseJid } from '@drawbridge/xmpp'
import type { Stanza } from '@drawbridge/xmpp'
import { refuseBlocked } from '../../routing/block-lists.ts'
import type { BlockLists } from '../../routing/block-lists.ts'
import type { Occupant, Room } from './room.ts'

/**
 * XEP-0191 §3.3 between two occupants, where everybody knows who everybody is. In a room that keeps addresses to itself
 * a refusal would say which account is behind a nick; there only the address in the room can be blocked.
 *
 * @throws StanzaFault as between two accounts
 */
export function refuseBlockedOccupant(
  { kind, from }: Pick<Stanza, 'kind' | 'from'>,
  room: Room,
  to: Occupant,
  lists: BlockLists,
): void {
  if (room.config.isNonAnonymous) refuseBlocked({ kind, from, to: parseJid(to.account) }, lists)
}
