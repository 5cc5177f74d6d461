import type { StanzaFacts } from '@drawbridge/policy'
import type { MessageStanza } from '@drawbridge/xmpp'
import type { Session } from '../stream/session.ts'

/** The stages a message passes, in this order, with the commit between `record` and `deliver`. */
export const BEFORE_COMMIT = ['amend', 'record'] as const
export const AFTER_COMMIT = ['deliver', 'copy', 'notify'] as const
export type MessageStage = (typeof BEFORE_COMMIT)[number] | (typeof AFTER_COMMIT)[number]

/** Where a message's archive row goes: whose archive, with whom, and which way it went. */
export interface ArchiveRow {
  readonly owner: string
  readonly peer: string
  readonly direction: 'in' | 'out'
}

/** Who speaks: a client of ours, a component for its own domain (XEP-0114), or the server itself, which is believed. */
export type Origin = 'client' | 'component' | 'server'

/** One message on its way: features read and extend it, stage by stage. */
export interface Draft {
  /** As it will be stored and delivered: a service speaks in its own name, so it replaces what the client sent. */
  stanza: MessageStanza
  /** The session that sent it; absent when a component or the server itself did. */
  readonly sender: Session | undefined
  readonly origin: Origin
  /** UUIDv7, and the stanza-id in every archive that holds the message (XEP-0359). */
  readonly id: string
  readonly sentAt: Date
  /** Must be stored before it is delivered. */
  readonly durable: boolean
  /** What is stored of it, in characters; known after the commit. */
  sizeBytes: number
  /** It says the subject of a room. */
  isSubject: boolean
  readonly archives: ArchiveRow[]
  /** Work that must follow the commit, in the same transaction: a push, a job. Payloads hold ids, never texts. */
  readonly outbox: { readonly kind: string; readonly payload: unknown }[]
  /** What the rules were asked about it; absent for what the server itself says. */
  readonly facts?: StanzaFacts | undefined
  /** The suspension that holds it back from its recipients, if any. */
  heldBy: string | undefined
  /** Sessions that got the message itself, so that none gets a carbon as well (XEP-0280 §6.1). */
  readonly deliveredTo: Set<Session>
  /** Position in each owner's archive, known after the commit. */
  positions: ReadonlyMap<string, number>
}

/** A message that is committed, or has just been released from hold: hand it to whoever is to have it. */
export interface CommittedMessage {
  readonly stanza: MessageStanza
  readonly sender: Session | undefined
  /** Its stanza-id (XEP-0359). */
  readonly id: string
  readonly sentAt: Date
  /** Position in each owner's archive. */
  readonly positions: ReadonlyMap<string, number>
}

/** A message that a suspension had held back. */
export interface Released {
  readonly id: string
  readonly stanza: MessageStanza
  readonly archives: readonly ArchiveRow[]
}
