import { buildMamForm, StanzaFault } from '@drawbridge/xmpp'
import type { Element, IqStanza } from '@drawbridge/xmpp'
import { archiveEnds, sendArchivePage } from '../../routing/archive-page.ts'
import type { ArchiveReader } from '../../routing/archive-page.ts'
import type { Context } from '../../routing/feature.ts'
import { storedStanza } from '../../routing/stored.ts'
import type { RoomRequest } from './iq.ts'
import { affiliationRank } from './privileges.ts'

/** XEP-0313 §5.1.2: what was said in a room, for whoever is inside and for its members. */
export function queryRoom(payload: Element, request: RoomRequest, ctx: Context): Promise<Element> {
  return sendArchivePage(payload, readerOf(request, request.stanza), ctx)
}

export function roomArchiveForm(_payload: Element, request: RoomRequest): Element {
  assertMayRead(request)
  return buildMamForm()
}

export function roomArchiveEnds(_payload: Element, request: RoomRequest, ctx: Context): Promise<Element> {
  return archiveEnds(readerOf(request, request.stanza), ctx)
}

function readerOf({ room, session }: RoomRequest, stanza: IqStanza): ArchiveReader {
  assertMayRead({ room, session })
  return {
    owner: room.address,
    session,
    // A room that had this address before is none of theirs.
    since: room.createdAt,
    language: stanza.element.attrs['xml:lang'],
    present(message) {
      const element = storedStanza(message, room.address)
      // §5.1.2: nobody in particular was meant.
      delete element.attrs['to']
      return element
    },
  }
}

/** An outsider learns nothing, and whoever was removed no longer reads what is said (MU-08). */
function assertMayRead({ room, session }: Pick<RoomRequest, 'room' | 'session'>): void {
  if (!room.config.isLogged) throw new StanzaFault({ condition: 'service-unavailable' })
  const { role, affiliation } = room.standingOf(session)
  const isMember = affiliationRank(affiliation) >= affiliationRank('member')
  if (role === 'none' && !isMember) throw new StanzaFault({ condition: 'forbidden' })
}
