import type { ClientIdentity } from './client.ts'

/** What rules know about an account. */
export interface AccountFacts {
  readonly localpart: string
  readonly isAdmin: boolean
  /** Passes every suspension and every lock-out. */
  readonly isBreakGlass: boolean
  /** Names of the units it belongs to; absent where nobody has looked. */
  readonly units?: readonly string[] | undefined
  /** Rooms it is in, of those that some suspension names: bare JIDs; absent where nobody has looked. */
  readonly rooms?: readonly string[] | undefined
}

/** Who wants to open or resume a session, with which client. */
export interface SessionFacts {
  /** Milliseconds since 1970, like every `at` here: rules have no clock. */
  readonly at: number
  readonly account: AccountFacts
  readonly client: ClientIdentity
  readonly entrance: 'websocket' | 'tcp' | 'tls' | 'http'
  /** The address that the client connects from, where it has one. */
  readonly address?: string | undefined
  /**
   * The client has still time to say what it is (its session is in limbo), so its silence is not held against it yet.
   * What it has claimed already counts. The entrance asks again when limbo ends.
   */
  readonly isIdentityPending?: boolean
}

/** One stanza on its way. */
export interface StanzaFacts {
  readonly at: number
  /** `local`: a session of this server; `remote`: another server; `server`: this server itself. */
  readonly origin: 'local' | 'remote' | 'server'
  /** Of the sender; absent unless it is local. */
  readonly account?: AccountFacts | undefined
  /** Of the session that it comes from, like the address. */
  readonly client?: ClientIdentity | undefined
  readonly address?: string | undefined
  readonly from: string
  /** Absent: the sender's own account. */
  readonly to?: string | undefined
  readonly kind: 'message' | 'presence' | 'iq'
  /** The stanza's type attribute, or its default. */
  readonly type: string
  /** Where it goes: this server or the sender's own account, another account here, or another domain. */
  readonly target: 'server' | 'self' | 'local' | 'remote'
  /** The account here that it goes to, as far as somebody has looked. */
  readonly recipient?: Pick<AccountFacts, 'localpart' | 'isBreakGlass' | 'units'> | undefined
  /** It will be stored before it is delivered. */
  readonly isDurable: boolean
  /** It says something in words: in a body, or in a presence beside that somebody is there. */
  readonly hasBody: boolean
  /** A request that shows others something of the sender: what is published, a vCard, another name in a room. */
  readonly isPublication?: boolean | undefined
  /** It says that it is an answer, and nobody there has asked. */
  readonly isUnasked?: boolean | undefined
  /** A request that only puts people out of a room, without a word. */
  readonly isRemoval?: boolean | undefined
  /** Namespaces of its payloads; only those of interest matter, more do no harm. */
  readonly namespaces: readonly string[]
  /** It shares a file: by link, thumbnail or inline. An image is a file, too. */
  readonly media?: 'image' | 'file' | undefined
  /** Formats of the images that it shares, by their names and types. */
  readonly formats?: readonly string[] | undefined
  /** SHA-256 of the files that it shares, in hex, as far as it says (XEP-0300). */
  readonly hashes?: readonly string[] | undefined
  /** The room that it goes to or is about: a bare JID. */
  readonly room?: string | undefined
  /** Looks for messages by their words. */
  readonly isSearch?: boolean
}

/** A file that is there. */
export interface FileFacts {
  /** Id of the upload; absent for what is kept elsewhere, such as avatars. */
  readonly id?: string | undefined
  /** Of the bytes as delivered, in hex. */
  readonly sha256: string
  /** Of the image that this is a thumbnail of: whoever takes that back takes this back. */
  readonly source?: { readonly sha256: string; readonly format: string | undefined } | undefined
  /** Id of the account that sent it, which may be gone; absent where only a name is known. */
  readonly senderId?: string | undefined
  /** Localpart under which it was sent, in what messages and items hold themselves: names are given again. */
  readonly sender?: string | undefined
  /** Bare JID of the room it was sent to, or of whoever sent it, for what a message held itself. */
  readonly room?: string | undefined
  /** NaN where nobody knows any more. */
  readonly sentAt: number
}

/** One file on its way in or out. */
export interface MediaFacts {
  readonly at: number
  /** Who asks. Absent: nobody signed in, a bare link. */
  readonly account?: AccountFacts | undefined
  /** Of the session that the link was issued to. Absent: HTTP without an identity. */
  readonly client?: ClientIdentity | undefined
  readonly isImage: boolean
  /** On its way out: what it is. Absent where there is nothing. */
  readonly file?: FileFacts | undefined
  /** Its format as delivered, where it is an image that is known. */
  readonly format?: string | undefined
  readonly address?: string | undefined
  /** The room that it was shared in, as far as the link says: a bare JID. */
  readonly room?: string | undefined
}

/** Somebody's device is about to be told, past all streams, that there is something new. */
export interface PushFacts {
  readonly at: number
  /** Whose device it is. */
  readonly account: AccountFacts
  /** Its client, as it was when it asked to be told. */
  readonly client?: ClientIdentity | undefined
  /** Of the session that asks to be told; absent when it is told. */
  readonly address?: string | undefined
}

/** A new account on its way. */
export interface AccountCreationFacts {
  readonly at: number
  /**
   * `administrator`: one makes it, by console or command; `invitation`: whoever was invited makes it; `issuer`: it is made
   * at the first sign-in of somebody whom the OpenID Connect issuer knows.
   */
  readonly origin: 'administrator' | 'invitation' | 'issuer'
  /** The name it will have. */
  readonly localpart: string
}

/** Somebody wants to enter a room, or to make it. */
export interface RoomFacts {
  readonly at: number
  readonly account: AccountFacts
  readonly client: ClientIdentity
  readonly address?: string | undefined
  /** Bare JID. */
  readonly room: string
  /** By a nick that says who it is neither as the account does nor as the room has it registered. */
  readonly isNamedAnew?: boolean
}

/** What may be asked, and with which facts. The entrances that ask are a closed list. */
export interface Questions {
  'session.open': SessionFacts
  'session.resume': SessionFacts
  'account.create': AccountCreationFacts
  'stanza.route': StanzaFacts
  'room.join': RoomFacts
  'upload.request': MediaFacts
  'upload.put': MediaFacts
  /** A file has come and was made clean: may it be published? */
  'upload.publish': MediaFacts
  'media.read': MediaFacts
  /** A device wants to be told of messages. */
  'push.register': PushFacts
  'push.send': PushFacts
  'http.request': {
    readonly at: number
    readonly account?: AccountFacts | undefined
    readonly client?: ClientIdentity | undefined
    readonly address?: string | undefined
    /**
     * `public`: web app, update page, status document, health. They are always served. `admin`: the console and people who
     * administer. `program`: what acts with an API token, and is a client like others.
     */
    readonly area: 'public' | 'admin' | 'program' | 'app'
  }
}

export type Question = keyof Questions

export const QUESTIONS = [
  'session.open',
  'session.resume',
  'account.create',
  'stanza.route',
  'room.join',
  'upload.request',
  'upload.put',
  'upload.publish',
  'media.read',
  'push.register',
  'push.send',
  'http.request',
] as const satisfies readonly Question[]
