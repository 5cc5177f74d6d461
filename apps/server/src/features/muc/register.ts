import { buildForm, findForm, findFormValue, NS_MUC_REGISTER, NS_REGISTER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { applyAffiliations } from './affiliation.ts'
import type { RoomRequest } from './iq.ts'
import { assertNickFree, keyOfNick } from './room.ts'
import type { Room } from './room.ts'
import { saveAffiliations } from './rooms.ts'

const NICK_FIELD = 'muc#register_roomnick'

/** XEP-0045 §7.10: the form, or the nick that is registered already. */
export function getRegistration(_query: Element, { room, session }: RoomRequest): Element {
  const account = session.account.bareJid
  assertMayRegister(room, session)
  const known = room.affiliations.get(account)
  const form = buildForm({
    type: 'form',
    formType: NS_MUC_REGISTER,
    title: `Registration with ${room.address}`,
    fields: [
      {
        name: NICK_FIELD,
        type: 'text-single',
        label: 'Nick',
        isRequired: true,
        values: known?.nick ? [known.nick] : [],
      },
    ],
  })
  return xml(
    'query',
    { xmlns: NS_REGISTER },
    known?.nick ? [xml('registered'), xml('username', {}, known.nick)] : undefined,
    form,
  )
}

/** §7.10: reserves a nick, and makes a member of whoever has no affiliation yet; §7.11: gives it up. */
export async function setRegistration(
  query: Element,
  { room, session }: RoomRequest,
  ctx: Context,
): Promise<undefined> {
  const account = session.account.bareJid
  const known = room.affiliations.get(account)
  const by = room.seatOf(session)?.occupant.nick
  if (query.getChild('remove')) {
    if (!known || known.affiliation === 'outcast') throw new StanzaFault({ condition: 'registration-required' })
    // An owner or admin stays one, without the nick.
    if (known.affiliation === 'member') await applyAffiliations(room, [{ jid: account, affiliation: 'none' }], by, ctx)
    else await saveAffiliations(room, [{ ...known, jid: account, nick: null, nickKey: null }], ctx)
    return undefined
  }
  assertMayRegister(room, session)
  const form = findForm(query, NS_MUC_REGISTER)
  const nick = form && findFormValue(form, NICK_FIELD)
  if (!nick) throw new StanzaFault({ condition: 'bad-request', text: 'A nick is missing.' })
  assertNickFree(room, nick, account)
  const affiliation = known?.affiliation === 'owner' || known?.affiliation === 'admin' ? known.affiliation : 'member'
  keyOfNick(nick)
  await applyAffiliations(room, [{ jid: account, affiliation, nick }], by, ctx)
  return undefined
}

/**
 * Nobody gets by asking what others have to give: a place among members, or voice (MU-01). A member has voice in a
 * moderated room, so there only those are made members who have it. @throws StanzaFault
 */
function assertMayRegister(room: Room, session: Session): void {
  const affiliation = room.affiliationOf(session.account.bareJid)
  if (affiliation === 'outcast') throw new StanzaFault({ condition: 'forbidden' })
  if (affiliation !== 'none') return
  const { role } = room.standingOf(session)
  if (room.config.isMembersOnly) {
    throw new StanzaFault({ condition: 'not-allowed', text: 'Members of this room are named by its admins.' })
  }
  if (role === 'visitor' || (room.config.isModerated && role === 'none')) {
    throw new StanzaFault({ condition: 'not-allowed', text: 'Please ask a moderator for voice first.' })
  }
}
