import { listRosterChanges } from '@drawbridge/db'
import { findJid, NS_ROSTER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, IqRequest } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import type { SharedContact } from '../../routing/units.ts'
import { noteOf } from './notes.ts'
import { buildItem, buildPush, push } from './push.ts'
import { refuseIfFull, rosterStateOf } from './states.ts'
import { removeContact } from './subscribe.ts'
import { knownVersion, versionText } from './version.ts'

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
  const known = knownVersion(query.attrs['ver'], session, ctx)
  // A version from the future is one of another database: only the whole roster helps.
  if (known === undefined || known > roster.version) {
    const ver = query.attrs['ver'] === undefined ? undefined : versionText(session, roster.version, ctx)
    return xml('query', { xmlns: NS_ROSTER, ver }, [...roster.items.values()].map(buildItem))
  }
  if (known < roster.version) await catchUp(session, known, ctx)
  return undefined
}

/** §2.6.3: the changes follow the empty result as pushes; what changes meanwhile comes after them. */
async function catchUp(session: Session, known: number, ctx: Context): Promise<void> {
  const note = noteOf(session)
  const later: Element[] = []
  note.backlog = later
  const changes = await listRosterChanges(ctx.db, session.account.id, known)
  setImmediate(() => {
    note.backlog = undefined
    for (const item of changes) session.send(buildPush(session, ctx.rosters.merged(session.account.bareJid, item), ctx))
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
  const shared = ctx.units.shared(account.bareJid, jid)
  if (item.attrs['subscription'] === 'remove') {
    if (shared?.hasTo) throw sharedContact(shared)
    return removeContact(request.session, jid, ctx)
  }
  const { name, groups } = withoutShared(parseNames(item), shared)
  const changed = await ctx.rosters.change([account], async (change) => {
    const before = await change.find(account, jid)
    if (!before) await refuseIfFull(change, account, ctx)
    return change.put(account, jid, { ...rosterStateOf(before), name, groups })
  })
  push(ctx, account.bareJid, changed)
  return undefined
}

/** What the units add stays theirs: a client that sends it back does not make it the account's own. */
function withoutShared(names: Names, shared: SharedContact | undefined): Names {
  if (!shared) return names
  return {
    name: names.name === shared.name ? null : names.name,
    groups: names.groups.filter((group) => !shared.groups.includes(group)),
  }
}

/** A contact that a unit has put there stays, as long as it does (ejabberd and Prosody bring it back without a word). */
function sharedContact({ groups }: SharedContact): StanzaFault {
  return new StanzaFault({ condition: 'not-allowed', text: `Everybody in ${groups.join(', ')} has this contact.` })
}

interface Names {
  readonly name: string | null
  readonly groups: string[]
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
function parseNames(item: Element): Names {
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
