import { buildMucUser, findJid, NS_CLIENT, NS_MUC_USER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, Draft } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { followChange } from './affiliation.ts'
import { affiliationRank, isAdmin } from './privileges.ts'
import { MAX_REASON } from './room.ts'
import type { Occupant, Room } from './room.ts'
import { changeInvitations, saveAffiliations } from './rooms.ts'

/** Most people that one message can invite. */
const MAX_INVITED = 20

/** XEP-0045 §7.8.2: an invitation goes to its invitees in the room's name, and is kept in their archives. */
export function recordInvitation(draft: Draft, room: Room, sender: Session, ctx: Context): void {
  const { occupant } = room.getSeat(sender)
  assertMayInvite(room, occupant)
  const invites = draft.stanza.element.getChild('x', NS_MUC_USER)?.getChildren('invite') ?? []
  if (invites.length > MAX_INVITED) throw new StanzaFault({ condition: 'not-acceptable', text: 'Too many at once.' })
  const invitees = invites.map(({ attrs }) => {
    const jid = findJid(attrs['to'])
    if (!jid || jid.localpart === undefined) throw new StanzaFault({ condition: 'jid-malformed' })
    if (jid.domainpart !== ctx.domain) throw new StanzaFault({ condition: 'remote-server-not-found' })
    return jid.bareString
  })
  const content = [
    // MU-11: who invites is said by the room, whatever the message says.
    xml('invite', { from: room.config.isNonAnonymous ? occupant.account : occupant.jid }, wordsOf(invites)),
    room.config.password === '' ? undefined : xml('password', {}, room.config.password),
  ]
  speak(draft, room, buildMucUser({ content }))
  // Nobody learns from the answer who has an account here, nor who blocks whom.
  const known = [...new Set(invitees)].filter((invitee) => ctx.accounts.findByBareJid(invitee))
  for (const owner of known) {
    sayTo(owner, draft, room, sender, ctx)
    if (room.config.isMembersOnly) admit(room, owner, ctx)
  }
  const added = known.map((invitee) => ({ invitee, inviter: occupant.account }))
  changeInvitations(room, { added }, ctx)
}

/**
 * Why, and whether a conversation goes on in the room (§7.9). One message is kept for all whom it invites, so it says
 * the same to all of them.
 */
function wordsOf(invites: readonly Element[]): Element[] {
  const [words = [], ...others] = invites.map((invite) => [...reasonOf(invite), ...continueOf(invite)])
  if (others.some((other) => other.join('') !== words.join(''))) {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'Please send one invitation for each reason.' })
  }
  return words
}

function continueOf(invite: Element): Element[] {
  const element = invite.getChild('continue')
  if (!element) return []
  const { thread } = element.attrs
  if (thread !== undefined && thread.length > MAX_REASON) throw new StanzaFault({ condition: 'not-acceptable' })
  return [xml('continue', { thread })]
}

/** §7.8.2: in a members-only room by those who may make members, or by any member where the owner allows it. */
function assertMayInvite({ config }: Room, occupant: Occupant): void {
  const isMember = affiliationRank(occupant.affiliation) >= affiliationRank('member')
  const mayInvite = isAdmin(occupant) || (config.allowsInvites && (isMember || !config.isMembersOnly))
  if (!mayInvite || occupant.role === 'visitor') {
    throw new StanzaFault({ condition: 'forbidden', text: 'You may not invite others.' })
  }
}

/** §9.3: whom a members-only room invites, it lets in. */
function admit(room: Room, jid: string, ctx: Context): void {
  if (room.affiliationOf(jid) !== 'none') return
  const member = { jid, affiliation: 'member', nick: null, nickKey: null, reason: null } as const
  void saveAffiliations(room, [member], ctx)
    .then((steps) => followChange(room, { jid, affiliation: 'member' }, undefined, steps.get(jid)))
    .catch((error: unknown) =>
      ctx.log.error('an invited member was not stored', { room: room.address, error: String(error) }),
    )
}

/**
 * §7.8.2: who was invited may say no to whoever invited, once. To anybody else there is no invitation here, whether there
 * is a room or not.
 */
export function recordDecline(draft: Draft, room: Room, sender: Session, ctx: Context): void {
  const invitee = sender.account.bareJid
  const decline = draft.stanza.element.getChild('x', NS_MUC_USER)?.getChild('decline')
  const to = findJid(decline?.attrs['to'])
  const named = to && (to.bareString === room.address ? room.occupantAt(to.resourcepart ?? '')?.account : to.bareString)
  const inviters = room.invitations.filter((invitation) => invitation.invitee === invitee).map(({ inviter }) => inviter)
  // Who invited may have left, or go by another nick now.
  const inviter = inviters.find((one) => one === named) ?? inviters.at(-1)
  if (inviter === undefined) throw new StanzaFault({ condition: 'item-not-found' })
  speak(draft, room, buildMucUser({ content: xml('decline', { from: invitee }, decline && reasonOf(decline)) }))
  if (ctx.accounts.findByBareJid(inviter)) sayTo(inviter, draft, room, sender, ctx)
}

/** A refusal has been handed over: it was the only one. */
export function followDecline(element: Element, room: Room, inviter: string, ctx: Context): void {
  const invitee = element.getChild('x', NS_MUC_USER)?.getChild('decline')?.attrs['from']
  if (invitee !== undefined) changeInvitations(room, { answered: [{ invitee, inviter }] }, ctx)
}

function reasonOf(element: Element): Element[] {
  const reason = element.getChildText('reason')
  if (!reason) return []
  if (reason.length > MAX_REASON)
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This reason is too long.' })
  return [xml('reason', {}, reason)]
}

/** The room speaks for the sender: whoever blocks the sender hears nothing of it, on no device and in no archive. */
function sayTo(owner: string, { archives }: Draft, room: Room, sender: Session, ctx: Context): void {
  if (ctx.blockLists.blocks(owner, sender.jid)) return
  archives.push({ owner, peer: room.address, direction: 'in' })
}

/** Replaces the message by what the room itself says. */
function speak(draft: Draft, room: Room, x: Element): void {
  const { id } = draft.stanza
  const element = xml('message', { xmlns: NS_CLIENT, from: room.address, to: room.address, id }, x)
  draft.stanza = { ...draft.stanza, element, from: room.jid, to: room.jid, type: 'normal' }
}
