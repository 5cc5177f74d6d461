/** Everything the screen shows, as one plain value. Only app/ changes it; ui/ reads it. */
import type { ConnectionState } from '../connection/connection.ts'
import type { Availability, Presence } from '../protocol/presence.ts'
import type { RosterItem } from '../protocol/roster.ts'
import type { Suspension } from '../protocol/suspension.ts'
import type { ChatMessage, Timeline } from './timeline.ts'
import type { ReadMarkers } from './unread.ts'

/** A file on its way to the server. It is no message yet: that is sent when the server has checked it. */
export interface Upload {
  readonly id: string
  readonly peer: string
  readonly name: string
  readonly bytes: number
  readonly isImage: boolean
  readonly step:
    | { readonly kind: 'uploading'; readonly ratio: number }
    /** `ahead`: how many files are checked before this one, while that is known. */
    | { readonly kind: 'checking'; readonly ahead?: number }
    | { readonly kind: 'failed'; readonly problem: UploadProblem }
}

/** Why an upload ended without a message; `isFinal` when the same bytes would be refused again. */
export interface UploadProblem {
  readonly reason:
    | 'unsupported'
    | 'corrupt'
    | 'too-large'
    | 'too-many-frames'
    | 'failed'
    | 'unavailable'
    | 'suspended'
    | 'network'
    | 'not-allowed'
    /** No room: of the day, of one's own, of a unit, or of the server. */
    | 'quota-day'
    | 'quota-stored'
    | 'quota-unit'
    | 'quota-server'
    /** Too many images in a short time, or too many files at once. */
    | 'too-many'
  readonly text: string
  readonly isFinal: boolean
  /** When there is room again, in milliseconds since 1970, where time helps. */
  readonly retryAt?: number | undefined
}

export interface History {
  readonly isLoading: boolean
  readonly hasFailed: boolean
}

export interface ChatState {
  /** Bare JID. */
  readonly account: string
  readonly connection: ConnectionState
  /** What this browser kept for the account has been read. */
  readonly isRestored: boolean
  /** Contacts and conversations of the session have been fetched at least once. */
  readonly isSynced: boolean
  readonly roster: Readonly<Record<string, RosterItem>>
  /** People who ask to see our presence. */
  readonly requests: readonly string[]
  /** By bare JID, then resource. */
  readonly presence: Readonly<Record<string, Readonly<Record<string, Presence>>>>
  readonly timelines: Readonly<Record<string, Timeline>>
  readonly history: Readonly<Record<string, History>>
  readonly read: ReadMarkers
  readonly drafts: Readonly<Record<string, string>>
  readonly uploads: readonly Upload[]
  /** SHA-1 of the avatar by bare JID; the empty string when there is none. */
  readonly avatars: Readonly<Record<string, string>>
  readonly suspensions: readonly Suspension[]
  /** Own messages that the server keeps back, by origin-id, or by the archive's id where they have none. */
  readonly held: ReadonlySet<string>
  readonly own: { readonly availability: Availability; readonly status: string }
  readonly uploadService:
    | {
        readonly jid: string
        readonly maxBytes: number | undefined
        /** Where files are fetched from, if not from where this page is. */
        readonly mediaOrigin: string | undefined
      }
    | undefined
  /** Our server shows what is behind links, as far as is known; policy may say otherwise for this account. */
  readonly hasPreviews: boolean
  /** Grows whenever files that were shown have to be asked for anew: some may have been recalled. */
  readonly mediaGeneration: number
  /** The conversation on the screen. */
  readonly open: string | undefined
}

export function emptyChatState(account: string): ChatState {
  return {
    account,
    connection: { kind: 'connecting' },
    isRestored: false,
    isSynced: false,
    roster: {},
    requests: [],
    presence: {},
    timelines: {},
    history: {},
    read: {},
    drafts: {},
    uploads: [],
    avatars: {},
    suspensions: [],
    held: new Set(),
    own: { availability: 'online', status: '' },
    uploadService: undefined,
    hasPreviews: false,
    mediaGeneration: 0,
    open: undefined,
  }
}

/** A message of ours that the server has, but has not delivered: a suspension holds it, or it waits to be reviewed. */
export function isHeld(held: ReadonlySet<string>, { mine, state, key, stanzaId }: ChatMessage): boolean {
  return mine && state === 'recorded' && (held.has(key) || (stanzaId !== undefined && held.has(stanzaId)))
}
