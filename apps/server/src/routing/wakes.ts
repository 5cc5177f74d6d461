import { sendPush, wakeRoom } from '@drawbridge/jobs'
import { findNotificationSetting } from '@drawbridge/xmpp'
import type { MessageStanza, NotificationSetting } from '@drawbridge/xmpp'
import type { Account } from './accounts.ts'
import type { ArchiveRow, Audience, Context } from './feature.ts'
import { mentionsIn } from './mentions.ts'
import type { Mentions } from './mentions.ts'
import { isAtHand } from './push-targets.ts'
import type { PushTarget } from './push-targets.ts'
import { warrantsPush } from './warrants.ts'

// Who is woken up by a message (XEP-0357, XEP-0492): whoever gets it, is not there to see it, and wants to know. Asked
// for every message, so everything is in memory.

/** A message as it is recorded. */
export interface Recorded {
  readonly stanza: MessageStanza
  readonly archives: readonly ArchiveRow[]
}

/** One device that is to be told. */
export interface Wake {
  readonly owner: string
  readonly target: PushTarget
}

/** A row of the outbox. */
export interface WakeRow {
  readonly kind: string
  readonly payload: unknown
}

/** One message to one person: by what the setting of the conversation is weighed. */
interface Call {
  readonly owner: string
  readonly chat: string
  readonly fallback: NotificationSetting
  isMentioned(): boolean
}

/** Every device that this message is to reach. */
export function* wakesOf(message: Recorded, ctx: Context): Generator<Wake> {
  if (ctx.pushTargets.size === 0 || !warrantsPush(message.stanza)) return
  for (const call of callsOf(message, ctx)) {
    const { owner, chat, fallback } = call
    const targets = ctx.pushTargets.of(owner)
    const rules = ctx.chats.find(owner, chat)?.rules ?? []
    for (const target of targets) {
      if (target.retryAt > ctx.now().getTime() || isAtHand(target, owner, ctx.sessions)) continue
      const setting = findNotificationSetting(rules, target.identity) ?? fallback
      if (setting === 'always' || (setting === 'on-mention' && call.isMentioned())) yield { owner, target }
    }
  }
}

function* callsOf(message: Recorded, ctx: Context): Generator<Call> {
  const { stanza, archives } = message
  for (const { owner, direction } of archives) {
    if (direction !== 'in') continue
    const account = ctx.pushTargets.of(owner).length > 0 ? ctx.accounts.findByBareJid(owner) : undefined
    if (account && owner !== stanza.from.bareString) yield directCall(stanza, account, ctx)
    else if (stanza.type === 'groupchat' && owner === stanza.from.bareString) yield* roomCalls(stanza, ctx)
  }
}

/** To one person: by a contact, or by an occupant or a room, who mean nobody else. */
function directCall(stanza: MessageStanza, account: Account, ctx: Context): Call {
  const { from, element } = stanza
  const names = [account.localpart, account.displayName ?? '']
  return {
    owner: account.bareJid,
    chat: from.bareString,
    fallback: 'always',
    isMentioned: () =>
      ctx.findService(from.domainpart) !== undefined || mentionsIn(element).has([account.bareJid], names),
  }
}

/** To everybody in a room: those who would be in it if a client of theirs were there. */
function* roomCalls(stanza: MessageStanza, ctx: Context): Generator<Call> {
  const { from, element } = stanza
  const audience = ctx.findService(from.domainpart)?.audience?.(from, ctx)
  if (!audience) return
  const room = from.bareString
  const fallback = audience.isPrivate ? 'always' : 'on-mention'
  let mentions: Mentions | undefined
  for (const owner of listenersOf(room, audience, ctx)) {
    if (ctx.pushTargets.of(owner).length === 0 || audience.hasSaid(owner, element)) continue
    if (ctx.accounts.findByBareJid(owner)?.isDisabled !== false || ctx.blockLists.blocks(owner, from)) continue
    const isMentioned = () => {
      const { nick } = ctx.chats.find(owner, room) ?? {}
      const nicks = [...audience.nicksOf(owner), ...(nick === undefined ? [] : [nick])]
      mentions ??= mentionsIn(element)
      return mentions.has([owner, ...nicks.map((own) => `${room}/${own}`)], nicks)
    }
    yield { owner, chat: room, fallback, isMentioned }
  }
}

/** Who has bookmarked the room to be in it; and who belongs to it, but for those whose bookmark says otherwise. */
function* listenersOf(room: string, audience: Audience, { chats }: Context): Generator<string> {
  for (const owner of chats.ownersOf(room)) {
    if (chats.find(owner, room)?.isJoined && audience.mayHear(owner)) yield owner
  }
  for (const owner of audience.members()) if (!chats.find(owner, room)) yield owner
}

// --- by rows of the outbox ------------------------------------------------------------------------------------------

/** The archive that has a message for everybody in a room; a message to one person is in that person's own. */
export function roomOf({ stanza }: Recorded): string | undefined {
  return stanza.type === 'groupchat' ? stanza.from.bareString : undefined
}

/** What a job is told about one device. */
export function pushPayload({ owner, target: { service, node } }: Wake, message: string, room: string | undefined) {
  return { owner, service, node, message, ...(room === undefined ? {} : { room }) }
}

/**
 * The work that belongs to the commit of a message: a row for each device that no earlier row will tell of it as well;
 * for a room, which may have thousands, one row for all of them.
 */
export function wakeRows(message: Recorded, id: string, ctx: Context): WakeRow[] {
  const room = roomOf(message)
  const rows: WakeRow[] = []
  for (const wake of wakesOf(message, ctx)) {
    if (wake.target.pending !== undefined) continue
    if (room !== undefined) return [{ kind: wakeRoom.name, payload: { room, message: id } }]
    rows.push({ kind: sendPush.name, payload: pushPayload(wake, id, undefined) })
  }
  return rows
}

/** Counts a committed message where it waits, and returns the devices that none of these rows nor any before tells. */
export function noteWakes(message: Recorded, id: string, rows: readonly WakeRow[], ctx: Context): Wake[] {
  const isForAll = rows.some(({ kind }) => kind === wakeRoom.name)
  const nodes = new Set(
    rows.flatMap(({ kind, payload }) => (kind === sendPush.name ? [(payload as { node: string }).node] : [])),
  )
  const missed: Wake[] = []
  for (const wake of wakesOf(message, ctx)) {
    wake.target.unread++
    if (isForAll || nodes.has(wake.target.node)) wake.target.pending ??= id
    else if (wake.target.pending === undefined) missed.push(wake)
  }
  return missed
}
