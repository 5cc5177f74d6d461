import { Element, xml, type Content } from './element.ts'
import { findJid } from './jid.ts'
import { NS_SASL, NS_STANZAS, NS_STREAM, NS_STREAMS } from './ns.ts'

/** The stream error conditions of RFC 6120 §4.9.3. */
export const STREAM_ERROR_CONDITIONS = [
  'bad-format',
  'bad-namespace-prefix',
  'conflict',
  'connection-timeout',
  'host-gone',
  'host-unknown',
  'improper-addressing',
  'internal-server-error',
  'invalid-from',
  'invalid-namespace',
  'invalid-xml',
  'not-authorized',
  'not-well-formed',
  'policy-violation',
  'remote-connection-failed',
  'reset',
  'resource-constraint',
  'restricted-xml',
  'see-other-host',
  'system-shutdown',
  'undefined-condition',
  'unsupported-encoding',
  'unsupported-feature',
  'unsupported-stanza-type',
  'unsupported-version',
] as const
export type StreamErrorCondition = (typeof STREAM_ERROR_CONDITIONS)[number]

/** The SASL failures of RFC 6120 §6.5. */
export const SASL_FAILURES = [
  'aborted',
  'account-disabled',
  'credentials-expired',
  'encryption-required',
  'incorrect-encoding',
  'invalid-authzid',
  'invalid-mechanism',
  'malformed-request',
  'mechanism-too-weak',
  'not-authorized',
  'temporary-auth-failure',
] as const
export type SaslFailure = (typeof SASL_FAILURES)[number]

/** What the sender of a failed stanza should do about it (RFC 6120 §8.3.2). */
export const STANZA_ERROR_TYPES = ['auth', 'cancel', 'continue', 'modify', 'wait'] as const
export type StanzaErrorType = (typeof STANZA_ERROR_TYPES)[number]

/** The stanza error conditions of RFC 6120 §8.3.3, each with a type that the RFC allows for it. */
export const STANZA_ERROR_CONDITIONS = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'modify',
  'unexpected-request': 'wait',
} as const satisfies Record<string, StanzaErrorType>
export type StanzaErrorCondition = keyof typeof STANZA_ERROR_CONDITIONS

/** An input that ends its stream with the stream error `condition` (RFC 6120 §4.9). */
export class StreamFault extends Error {
  override readonly name = 'StreamFault'
  readonly condition: StreamErrorCondition
  readonly text: string | undefined

  constructor(condition: StreamErrorCondition, text?: string, options?: ErrorOptions) {
    super(text === undefined ? condition : `${condition}: ${text}`, options)
    this.condition = condition
    this.text = text
  }
}

/** What a stanza error says. Without `type` it has the one of `STANZA_ERROR_CONDITIONS`. */
export interface StanzaErrorFields {
  readonly type?: StanzaErrorType | undefined
  readonly condition: StanzaErrorCondition
  readonly text?: Words | undefined
  /** An application-specific condition, an element in a namespace of its own (§8.3.4). */
  readonly app?: Element | undefined
}

/** A stanza that is answered with the stanza error `condition`; nothing else happens to the stream. */
export class StanzaFault extends Error {
  override readonly name = 'StanzaFault'
  readonly condition: StanzaErrorCondition
  readonly type: StanzaErrorType
  readonly text: Words | undefined
  readonly app: Element | undefined

  constructor(fields: StanzaErrorFields, options?: ErrorOptions) {
    const said = typeof fields.text === 'object' ? fields.text.text : fields.text
    super(said === undefined ? fields.condition : `${fields.condition}: ${said}`, options)
    this.condition = fields.condition
    this.type = fields.type ?? STANZA_ERROR_CONDITIONS[fields.condition]
    this.text = fields.text
    this.app = fields.app
  }
}

/** Words for people, in English where no language is named. */
export type Words = string | { readonly text: string; readonly language: string }

/** The `<text/>` of an error (RFC 6120 §4.9.2, §6.5, §8.3.2): there is one, so that it is best in its reader's language. */
export function errorText(words: Words | undefined, xmlns?: string): Element | undefined {
  if (words === undefined) return undefined
  const { text, language } = typeof words === 'string' ? { text: words, language: 'en' } : words
  return xml('text', { xmlns, 'xml:lang': language }, text)
}

/** Builds `<stream:error/>` with the prefix declared, so that it stands in a stream and in a WebSocket message. */
export function buildStreamError(condition: StreamErrorCondition, text?: Words, ...appChildren: Content[]): Element {
  return xml(
    'stream:error',
    { 'xmlns:stream': NS_STREAM },
    xml(condition, { xmlns: NS_STREAMS }),
    errorText(text, NS_STREAMS),
    ...appChildren,
  )
}

/** Builds the `<failure/>` of a SASL negotiation (RFC 6120 §6.5). */
export function buildSaslFailure(condition: SaslFailure, text?: Words): Element {
  return xml('failure', { xmlns: NS_SASL }, xml(condition), errorText(text))
}

/** Builds the `<error/>` of a stanza of type `error` (RFC 6120 §8.3). */
export function buildStanzaError(fields: StanzaErrorFields): Element {
  return xml(
    'error',
    { type: fields.type ?? STANZA_ERROR_CONDITIONS[fields.condition] },
    xml(fields.condition, { xmlns: NS_STANZAS }),
    errorText(fields.text, NS_STANZAS),
    fields.app,
  )
}

/**
 * The stanza that answers `stanza` with an error: addresses swapped, `id` kept, type `error`, nothing of the content
 * echoed. `undefined` for an error, and for the result of an iq: neither may be answered (RFC 6120 §8.2.3, §8.3.1).
 */
export function errorReply(stanza: Element, error: Element | StanzaErrorFields): Element | undefined {
  const { type, from, to, id } = stanza.attrs
  if (type === 'error') return undefined
  if (type === 'result' && stanza.getName() === 'iq') return undefined
  return xml(
    stanza.getName(),
    // What is no address cannot be where the answer comes from; without one it comes from the server.
    { xmlns: stanza.getNS(), type: 'error', id, from: to !== undefined && findJid(to) ? to : undefined, to: from },
    error instanceof Element ? error : buildStanzaError(error),
  )
}
