import type { PepNode, StandingMessage } from '@drawbridge/db'
import type { Element, Jid, SettingIdentity } from '@drawbridge/xmpp'
import type { Session } from '../stream/session.ts'
import type { Account } from './accounts.ts'
import type { Unit } from './units.ts'

/** Things that happened and that other features care about. A short list, on purpose. */
export interface DomainEvents {
  'account.deleted': { readonly localpart: string }
  /** Somebody has made an account with an invitation of somebody else's. */
  'invitation.accepted': { readonly inviter: Account; readonly invited: Account }
  /** The access of a client was taken back (XEP-0494 §3.2); `id` is as its list of clients has it. */
  'client.revoked': { readonly account: Account; readonly id: string }
  /** The company gives a person another name. */
  'account.renamed': { readonly bareJid: string }
  /** A unit was made, changed or removed, or has other members; both as they were in that moment. */
  'unit.changed': { readonly before: Unit | undefined; readonly after: Unit | undefined }
  /** A contact's block list changed; presence has to follow (XEP-0191 §3). */
  'blocking.changed': { readonly owner: string; readonly blocked: readonly Jid[]; readonly unblocked: readonly Jid[] }
  /** The canonical avatar of an account changed (XEP-0398); `sha1` is of our own bytes, absent when removed. */
  'avatar.changed': { readonly owner: string; readonly sha1: string | undefined }
  /** A session became available, or began to take messages, and its presence was broadcast (RFC 6121 §4.2, §4.7.2.3). */
  'session.available': { readonly session: Session }
  /** A session said that it is unavailable; `farewell` is the status it gave (RFC 6121 §4.5.2). */
  'session.unavailable': { readonly session: Session; readonly farewell: readonly Element[] }
  /** What the server says to everybody or to whoever is new is another message, or nothing any more (XEP-0133). */
  'standing-message.changed': {
    readonly kind: StandingMessage['kind']
    readonly message: StandingMessage | undefined
  }
  /** The presence of a client that is not let in yet: it waits, and may say what the client is (control §3.1, limbo). */
  'session.presence-waits': { readonly session: Session; readonly presence: Element }
  /** Features of a session became known by a disco#info query of ours. */
  'disco.known': {
    readonly session: Session
    readonly features: ReadonlySet<string>
    readonly identity: SettingIdentity | undefined
  }
  /** What a client is has become known, or is known better or less well than before; it may have been turned away for it. */
  'client.known': { readonly session: Session }
  /** Somebody looks at a client: it was bound, came back (XEP-0198), or said so (XEP-0352). */
  'session.active': { readonly session: Session }
  /** An account has another password; `keep` is the session that goes on. */
  'password.changed': { readonly account: Pick<Account, 'id' | 'localpart'>; readonly keep: Session | undefined }
  /** Something changed in a node of an account (XEP-0163). */
  'pep.changed': { readonly owner: Account; readonly change: PepChange }
  /** What was published before is to be shown otherwise: whoever wants to know is told again, and nothing else follows. */
  'pep.shown': { readonly owner: Account; readonly change: PepChange }
  /** Other images are recalled than before, or none. */
  'recalls.changed': Readonly<Record<string, never>>
  /** Other suspensions are in force than before, or none. */
  'suspensions.changed': Readonly<Record<string, never>>
  /** One account may from now on see the presence of another (RFC 6121 §3.1.5); both by bare JID. */
  'presence.granted': { readonly of: string; readonly to: string }
  /** An account's vCard was replaced (XEP-0054). */
  'vcard.changed': { readonly owner: Account }
  /** An upload has its verdict (XEP-0363): it is in the database as clean or as refused. */
  'upload.settled': { readonly id: string }
  /** An upload waits for the sanitizer, behind so many other images. */
  'upload.queued': { readonly id: string; readonly ahead: number }
}

/** What happened to a PEP node. Its configuration says who may hear of it, and how much. */
export type PepChange = {
  readonly node: PepNode
  /** Nobody is to be told; what follows from it still does. */
  readonly isSilent?: boolean
} & (
  | { readonly what: 'published'; readonly item: PublishedItem }
  | { readonly what: 'retracted'; readonly itemId: string }
  | { readonly what: 'purged' | 'configured' }
  /** Who was to hear of the node is forgotten with it. `redirect`: where its owner goes on (XEP-0060 §8.4). */
  | { readonly what: 'deleted'; readonly audience: PepAudience; readonly redirect?: string | undefined }
)

/** Who hears of a change, each with the subscriptions by which that is (XEP-0060 §7.1.2.4), where there are several. */
export type PepAudience = ReadonlyMap<Session, readonly string[]>

/** An item as it is published: cleaned. */
export interface PublishedItem {
  readonly id: string
  readonly payload: Element
  /** Bare JID of whoever published it, if that was not the owner. */
  readonly publisher?: string | undefined
}
