import { forgetInRooms } from '@drawbridge/db'
import type { Context } from '../../routing/feature.ts'
import { followChange } from './affiliation.ts'
import type { Affiliation } from './privileges.ts'
import type { Room } from './room.ts'
import { roomsOf, saveAffiliations } from './rooms.ts'

/** Whoever gets the name next is another person: here from this turn on. */
export async function forgetAccount(jid: string, ctx: Context): Promise<void> {
  const orphans: Room[] = []
  for (const room of roomsOf(ctx).all()) {
    room.hats.delete(jid)
    room.invitations = room.invitations.filter(({ invitee, inviter }) => invitee !== jid && inviter !== jid)
    const before = room.affiliations.get(jid)?.affiliation
    if (before === undefined && !room.versions.mentions(jid)) continue
    const since = room.versions.current
    // Nor is it remembered that the account was on a list.
    room.versions.forget()
    if (before === undefined) continue
    room.affiliations.delete(jid)
    followChange(room, { jid, affiliation: 'none' }, undefined, { before, since, until: room.versions.current })
    if (listed(room, 'owner').length === 0) orphans.push(room)
  }
  await forgetInRooms(ctx.db, jid)
  for (const room of orphans) await bequeath(room, ctx)
}

/**
 * The last owner of a room cannot leave that place (XEP-0045 §10.4: "conflict"); one whose account
 * is deleted is succeeded.
 */
async function bequeath(room: Room, ctx: Context): Promise<void> {
  const changes = heirsOf(room, ctx).map((jid) => {
    const { nick = null, nickKey = null } = room.affiliations.get(jid) ?? {}
    return { jid, affiliation: 'owner', nick, nickKey, reason: null } as const
  })
  const steps = await saveAffiliations(room, changes, ctx)
  for (const { jid, affiliation } of changes) followChange(room, { jid, affiliation }, undefined, steps.get(jid))
  const owners = changes.map(({ jid }) => jid)
  ctx.log.info('a room has other owners, since the account of the last one was deleted', { room: room.address, owners })
}

/** By its admins; without any, by its first member; a room that is nobody's, by the administrators of the server. */
function heirsOf(room: Room, ctx: Context): string[] {
  const isHere = (jid: string) => ctx.accounts.findByBareJid(jid) !== undefined
  const admins = listed(room, 'admin').filter(isHere)
  if (admins.length > 0) return admins
  const members = listed(room, 'member').filter(isHere)
  if (members.length > 0) return members.slice(0, 1)
  return [...ctx.accounts.all()].filter(({ isAdmin }) => isAdmin).map(({ bareJid }) => bareJid)
}

function listed(room: Room, wanted: Affiliation): string[] {
  return [...room.affiliations].flatMap(([jid, { affiliation }]) => (affiliation === wanted ? [jid] : []))
}
