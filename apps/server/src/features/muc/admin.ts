import { buildMucList, findJid, parseMucItems, StanzaFault } from '@drawbridge/xmpp'
import type { Element, Jid, MucItem } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import { applyAffiliations } from './affiliation.ts'
import type { AffiliationChange } from './affiliation.ts'
import type { RoomRequest } from './iq.ts'
import { expel } from './leave.ts'
import { closeIfEmpty } from './leave.ts'
import { announce, STATUS } from './occupant-presence.ts'
import { AFFILIATIONS, mayListAffiliation, mayListRole, ROLES, ruleOnAffiliation, ruleOnRole } from './privileges.ts'
import type { Affiliation, Role } from './privileges.ts'
import { keyOfNick, MAX_REASON } from './room.ts'
import type { Occupant, Room } from './room.ts'

/** Most items in one request. */
const MAX_ITEMS = 1_000

/** XEP-0045 §8.5, §9.2, §9.5, §9.8, §10.5, §10.8: one list, to whom it may concern. */
export function getList(query: Element, { room, session }: RoomRequest): Element {
  const items = parseMucItems(query)
  const [{ affiliation: affiliationText, role: roleText } = {}] = items
  const actor = room.standingOf(session)
  if (items.length !== 1 || (affiliationText === undefined) === (roleText === undefined)) throw badRequest()
  if (affiliationText !== undefined) {
    const affiliation = affiliationOf(affiliationText)
    if (!mayListAffiliation(actor, affiliation, room.config)) throw new StanzaFault({ condition: 'forbidden' })
    return buildMucList(listAffiliated(room, affiliation))
  }
  const role = roleOf(roleText ?? '')
  if (!mayListRole(actor, role)) throw new StanzaFault({ condition: 'forbidden' })
  const isOpen = room.config.isNonAnonymous || actor.role === 'moderator'
  return buildMucList([...room.occupants.values()].filter((o) => o.role === role).map((o) => describe(o, isOpen)))
}

function listAffiliated(room: Room, wanted: Affiliation): MucItem[] {
  return [...room.affiliations].flatMap(([jid, { affiliation, nick, reason }]) =>
    affiliation === wanted ? [{ jid, affiliation, nick: nick ?? undefined, reason: reason ?? undefined }] : [],
  )
}

const describe = ({ nick, role, affiliation, seats }: Occupant, isOpen: boolean): MucItem => ({
  nick,
  role,
  affiliation,
  jid: isOpen ? seats.at(-1)?.address : undefined,
})

type Step =
  | { readonly kind: 'role'; readonly target: Occupant; readonly role: Role; readonly reason: string | undefined }
  | ({ readonly kind: 'affiliation' } & AffiliationChange)

/** §8, §9, §10: changes of roles or affiliations. All of them are checked before one is made. */
export async function setList(query: Element, { room, session }: RoomRequest, ctx: Context): Promise<undefined> {
  const items = parseMucItems(query)
  if (items.length === 0 || items.length > MAX_ITEMS) throw badRequest()
  const actor = room.standingOf(session)
  // Before anything is looked up, so that an outsider does not learn who is inside or on a list.
  if (actor.role !== 'moderator' && actor.affiliation !== 'admin' && actor.affiliation !== 'owner') {
    throw new StanzaFault({ condition: 'forbidden' })
  }
  const steps = items.map((item) => parseStep(room, item))
  for (const step of steps) assertAllowed(room, step, session.account.bareJid, actor)
  const by = room.seatOf(session)?.occupant.nick
  const affiliations = steps.filter((step) => step.kind === 'affiliation')
  // Which of the two would count?
  if (new Set(affiliations.map(({ jid }) => jid)).size < affiliations.length) throw badRequest()
  if (affiliations.length > 0) await applyAffiliations(room, affiliations, by, ctx)
  for (const step of steps) if (step.kind === 'role') applyRole(room, step, by)
  await closeIfEmpty(room, ctx)
  return undefined
}

/** §17.4: one item changes a role, by nick, or an affiliation, by JID or by the nick of somebody inside; never both. */
function parseStep(room: Room, { affiliation, role, nick, jid, reason }: MucItem): Step {
  if ((affiliation === undefined) === (role === undefined)) throw badRequest()
  if (reason !== undefined && reason.length > MAX_REASON) throw new StanzaFault({ condition: 'not-acceptable' })
  const occupant = nick === undefined ? undefined : room.occupants.get(keyOfNick(nick))
  if (role !== undefined) {
    if (nick === undefined) throw badRequest()
    if (!occupant) throw new StanzaFault({ condition: 'item-not-found', text: 'There is nobody of this name.' })
    return { kind: 'role', target: occupant, role: roleOf(role), reason }
  }
  const wanted = affiliationOf(affiliation ?? '')
  if (jid === undefined) {
    if (!occupant) throw new StanzaFault({ condition: 'item-not-found', text: 'There is nobody of this name.' })
    return { kind: 'affiliation', jid: occupant.account, affiliation: wanted, reason }
  }
  const address = addressOf(jid, wanted)
  return { kind: 'affiliation', jid: address.bareString, affiliation: wanted, reason, nick }
}

/** §9.1: only a ban may be about a whole domain. */
function addressOf(text: string, wanted: Affiliation): Jid {
  const jid = findJid(text)
  const isPerson = jid?.localpart !== undefined
  if (!jid || !(isPerson || wanted === 'outcast' || wanted === 'none')) {
    throw new StanzaFault({ condition: 'jid-malformed' })
  }
  return jid
}

function assertAllowed(room: Room, step: Step, self: string, actor: Parameters<typeof ruleOnRole>[0]): void {
  const ruling =
    step.kind === 'role'
      ? ruleOnRole(actor, step.target, step.role)
      : ruleOnAffiliation(actor, { affiliation: room.affiliationOf(step.jid) }, step.affiliation, step.jid === self)
  if (ruling) throw new StanzaFault({ condition: ruling })
}

function applyRole(
  room: Room,
  { target, role, reason }: Extract<Step, { kind: 'role' }>,
  actor: string | undefined,
): void {
  if (target.seats.length === 0) return
  if (role === 'none') return expel(room, target, { codes: [STATUS.kicked], actor, reason })
  target.role = role
  target.shown = undefined
  room.lookAgain(target)
  announce(room, target, actor === undefined && reason === undefined ? undefined : { actor, reason })
}

function affiliationOf(text: string): Affiliation {
  const known = AFFILIATIONS.find((affiliation) => affiliation === text)
  if (!known) throw badRequest()
  return known
}

function roleOf(text: string): Role {
  const known = ROLES.find((role) => role === text)
  if (!known) throw badRequest()
  return known
}

const badRequest = () => new StanzaFault({ condition: 'bad-request' })
