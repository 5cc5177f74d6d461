import { xml, type Content, type Element } from '../element.ts'
import { buildSaslFailure, errorText, type SaslFailure, type Words } from '../errors.ts'
import { NS_SASL, NS_SASL2 } from '../ns.ts'
import { base64From, findBase64 } from '../payload/base64.ts'

// SASL has two profiles in XMPP: that of RFC 6120 §6, and XEP-0388 ("SASL2"). They carry the same exchange.

/** What a client says in a negotiation, in either profile. */
export type SaslRequest =
  | { readonly kind: 'begin'; readonly mechanism: string; readonly initial: Uint8Array | undefined }
  | { readonly kind: 'response'; readonly data: Uint8Array }
  | { readonly kind: 'abort' }
  /** Starts a task (XEP-0388 §2.6.3). */
  | { readonly kind: 'next'; readonly task: string }
  | { readonly kind: 'task-data'; readonly payload: Element | undefined }
  /** It cannot be read; this is the answer. */
  | { readonly kind: 'unreadable'; readonly condition: SaslFailure }

/** How one profile writes the exchange down. */
export interface SaslProfile {
  readonly xmlns: string
  parse(element: Element): SaslRequest
  /** Without data it asks for the initial response (RFC 6120 §6.4.2). */
  buildChallenge(data?: Uint8Array): Element
  /** `details` are for clients that know them; classic SASL has no place for any. */
  buildFailure(condition: SaslFailure, text?: Words, details?: readonly Element[]): Element
}

const INCORRECT_ENCODING: SaslRequest = { kind: 'unreadable', condition: 'incorrect-encoding' }
const MALFORMED: SaslRequest = { kind: 'unreadable', condition: 'malformed-request' }

/** RFC 6120 §6. */
export const SASL_CLASSIC: SaslProfile = {
  xmlns: NS_SASL,
  parse(element) {
    if (element.name === 'abort') return { kind: 'abort' }
    const text = element.getText()
    // `=` is data of no length; nothing at all is no data (§6.4.2).
    const data = text === '=' ? new Uint8Array(0) : findSaslData(text)
    if (!data) return INCORRECT_ENCODING
    if (element.name === 'response') return { kind: 'response', data }
    if (element.name !== 'auth') return MALFORMED
    return { kind: 'begin', mechanism: element.attrs['mechanism'] ?? '', initial: text === '' ? undefined : data }
  },
  buildChallenge: (data) => xml('challenge', { xmlns: NS_SASL }, data && base64From(data)),
  buildFailure: (condition, text) => buildSaslFailure(condition, text),
}

/** XEP-0388. */
export const SASL2: SaslProfile = {
  xmlns: NS_SASL2,
  parse(element) {
    switch (element.name) {
      case 'abort':
        return { kind: 'abort' }
      case 'next':
        return { kind: 'next', task: element.attrs['task'] ?? '' }
      case 'task-data':
        return { kind: 'task-data', payload: element.getChildElements()[0] }
      case 'response': {
        const data = findSaslData(element.getText().trim())
        return data ? { kind: 'response', data } : INCORRECT_ENCODING
      }
      case 'authenticate': {
        const mechanism = element.attrs['mechanism'] ?? ''
        const text = element.getChildText('initial-response', NS_SASL2)
        if (text === undefined) return { kind: 'begin', mechanism, initial: undefined }
        const initial = findSaslData(text.trim())
        return initial ? { kind: 'begin', mechanism, initial } : INCORRECT_ENCODING
      }
      default:
        return MALFORMED
    }
  },
  buildChallenge: (data) => xml('challenge', { xmlns: NS_SASL2 }, data && base64From(data)),
  buildFailure: (condition, text, details = []) =>
    xml('failure', { xmlns: NS_SASL2 }, xml(condition, { xmlns: NS_SASL }), ...details, errorText(text)),
}

/** The end of a classic exchange (RFC 6120 §6.4.6); the stream is opened anew after it. */
export function buildSaslSuccess(data: Uint8Array | undefined): Element {
  return xml('success', { xmlns: NS_SASL }, data && base64From(data))
}

export interface Sasl2Success {
  /** Bare, or full when a resource is bound. */
  readonly jid: string
  /** What the mechanism says last. */
  readonly data?: Uint8Array | undefined
  /** What was negotiated along with it. */
  readonly inline?: readonly Content[]
}

/** XEP-0388 §2.6.1. */
export function buildSasl2Success({ jid, data, inline = [] }: Sasl2Success): Element {
  return xml(
    'success',
    { xmlns: NS_SASL2 },
    data && xml('additional-data', {}, base64From(data)),
    xml('authorization-identifier', {}, jid),
    ...inline,
  )
}

/** XEP-0388 §2.6.3: right so far, and this is still to be done. */
export function buildSasl2Continue(task: string, data: Uint8Array | undefined): Element {
  return xml(
    'continue',
    { xmlns: NS_SASL2 },
    data && xml('additional-data', {}, base64From(data)),
    xml('tasks', {}, xml('task', {}, task)),
  )
}

export function buildSasl2TaskData(payload: Element): Element {
  return xml('task-data', { xmlns: NS_SASL2 }, payload)
}

/** Strict base64 (RFC 6120 §6.4.2); nothing for anything else. */
export function findSaslData(text: string): Uint8Array | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  return findBase64(text)
}
