import { listRosterChanges } from '@drawbridge/db'
import { findJid, NS_ROSTER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, IqRequest } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { noteOf } from './notes.ts'
import { buildItem, buildPush, push } from './push.ts'
import { refuseIfFull, rosterStateOf } from './states.ts'
import { removeContact } from './subscribe.ts'

/** Longest handle or group name, in characters: as long as a part of an address. */
const MAX_NAME_LENGTH = 1023
const MAX_GROUPS = 100

/** Roster get (RFC 6121 §2.2, §2.6): the whole, or nothing and what has changed since the client's version. */
export async function getRoster(query: Element, request: IqRequest, ctx: Context): Promise<Element | undefined> {
  refuseForeign(request)
  const { session } = request
  const roster = await ctx.rosters.load(session.account)
  releaseIfEnded(session, ctx)
  session.isInterested = true
  const known = parseVersion(query.attrs['ver'])
  // A version from the future is one of another database: only the whole roster helps.
  if (known === undefined || known > roster.version) {
    const ver = query.attrs['ver'] === undefined ? undefined : roster.version
    return xml('query', { xmlns: NS_ROSTER, ver }, [...roster.items.values()].map(buildItem))
  }
  if (known < roster.version) await catchUp(session, known, ctx)
  return undefined
}

/** The client's version, if it is one of ours. An empty one means: versions are understood, nothing is cached. */
function parseVersion(ver: string | undefined): number | undefined {
  return ver !== undefined && /^\d{1,15}$/.test(ver) ? Number(ver) : undefined
}

/** §2.6.3: the changes follow the empty result as pushes; what changes meanwhile comes after them. */
async function catchUp(session: Session, known: number, ctx: Context): Promise<void> {
  const note = noteOf(session)
  const later: Element[] = []
  note.backlog = later
  const changes = await listRosterChanges(ctx.db, session.account.id, known)
  setImmediate(() => {
    note.backlog = undefined
    for (const item of changes) session.send(buildPush(session, item))
    for (const stanza of later) session.send(stanza)
  })
}

function releaseIfEnded(session: Session, ctx: Context): void {
  const { bareJid } = session.account
  if (ctx.sessions.of(bareJid).length === 0) ctx.rosters.release(bareJid)
}

/** Roster set (RFC 6121 §2.3 to §2.5): adds, updates or removes one contact. */
export async function setRoster(query: Element, request: IqRequest, ctx: Context): Promise<undefined> {
  refuseForeign(request)
  const [item, ...others] = query.getChildren('item')
  if (!item || others.length > 0) throw new StanzaFault({ condition: 'bad-request', text: 'exactly one item expected' })
  const { account } = request.session
  const jid = contactJid(item, account.bareJid)
  if (item.attrs['subscription'] === 'remove') return removeContact(request.session, jid, ctx)
  const { name, groups } = parseNames(item)
  const changed = await ctx.rosters.change([account], async (change) => {
    const before = await change.find(account, jid)
    if (!before) await refuseIfFull(change, account, ctx)
    return change.put(account, jid, { ...rosterStateOf(before), name, groups })
  })
  push(ctx, account.bareJid, changed)
  return undefined
}

/** §2.1.5, SP-05: nobody changes or reads another's roster, whether that account exists or not. */
function refuseForeign({ isOwn }: IqRequest): void {
  if (!isOwn) throw new StanzaFault({ condition: 'forbidden' })
}

function contactJid(item: Element, own: string): string {
  const text = item.attrs['jid']
  if (text === undefined) throw new StanzaFault({ condition: 'bad-request', text: 'item without jid' })
  const jid = findJid(text)
  if (!jid) throw new StanzaFault({ condition: 'jid-malformed' })
  if (jid.isFull) throw new StanzaFault({ condition: 'bad-request', text: 'a contact has no resource' })
  if (jid.bareString === own) throw new StanzaFault({ condition: 'not-allowed', text: 'That is your own address.' })
  return jid.bareString
}

/** §2.3.3, §2.4.3: "not-acceptable" for a group of zero length and for names that are too long. */
function parseNames(item: Element): { name: string | null; groups: string[] } {
  const name = item.attrs['name'] || null
  const groups = item.getChildren('group').map((group) => group.getText())
  if ([name ?? '', ...groups].some((text) => text.length > MAX_NAME_LENGTH)) {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This name is too long.' })
  }
  if (groups.includes('')) throw new StanzaFault({ condition: 'not-acceptable', text: 'A group needs a name.' })
  if (groups.length > MAX_GROUPS) throw new StanzaFault({ condition: 'not-acceptable', text: 'Too many groups.' })
  if (new Set(groups).size !== groups.length) {
    throw new StanzaFault({ condition: 'bad-request', text: 'the same group twice' })
  }
  return { name, groups }
}
