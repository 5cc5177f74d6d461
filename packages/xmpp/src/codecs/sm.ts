import { xml, type Element } from '../element.ts'
import type { StanzaErrorCondition } from '../errors.ts'
import { NS_SM, NS_STANZAS } from '../ns.ts'

// XEP-0198: Stream Management. Counters are integers modulo 2³² (§4).

const MODULUS = 2 ** 32

/** `<enable/>` */
export interface SmEnable {
  readonly wantsResume: boolean
  /** The longest time the client would like to be able to resume in, in seconds. */
  readonly maxSeconds: number | undefined
}

/** `<resume/>` */
export interface SmResume {
  readonly previousId: string
  readonly h: number
}

/** The counter `h` of `<a/>`, `<resume/>` and others; `undefined` if absent or not an unsigned 32-bit integer. */
export function findSmH(element: Element): number | undefined {
  const text = element.attrs['h'] ?? ''
  if (!/^\d{1,10}$/.test(text)) return undefined
  const h = Number(text)
  return h < MODULUS ? h : undefined
}

/** How many stanzas `to` is ahead of `from`, modulo 2³². */
export function smDistance(from: number, to: number): number {
  return (((to - from) % MODULUS) + MODULUS) % MODULUS
}

/** The counter after `count` further stanzas. */
export function smAdvance(h: number, count = 1): number {
  return (h + count) % MODULUS
}

export function parseSmEnable(element: Element): SmEnable {
  const { resume, max } = element.attrs
  const seconds = /^\d{1,9}$/.test(max ?? '') ? Number(max) : undefined
  return { wantsResume: resume === 'true' || resume === '1', maxSeconds: seconds }
}

/** `undefined` if `previd` or `h` is missing or malformed. */
export function findSmResume(element: Element): SmResume | undefined {
  const h = findSmH(element)
  const previousId = element.attrs['previd']
  return h === undefined || previousId === undefined ? undefined : { previousId, h }
}

export function buildSmFeature(): Element {
  return xml('sm', { xmlns: NS_SM })
}

export function buildSmRequest(): Element {
  return xml('r', { xmlns: NS_SM })
}

export function buildSmAnswer(h: number): Element {
  return xml('a', { xmlns: NS_SM, h })
}

/** `maxSeconds`: how long the session can be resumed after a loss. Without `id` it cannot. */
export function buildSmEnabled({
  id,
  maxSeconds,
}: { readonly id?: string; readonly maxSeconds?: number } = {}): Element {
  return xml('enabled', { xmlns: NS_SM, id, resume: id === undefined ? undefined : 'true', max: maxSeconds })
}

export function buildSmResumed({ previousId, h }: SmResume): Element {
  return xml('resumed', { xmlns: NS_SM, previd: previousId, h })
}

/** `h`, if known, tells the client what arrived before the session was lost (§5). */
export function buildSmFailed(condition: StanzaErrorCondition, h?: number): Element {
  return xml('failed', { xmlns: NS_SM, h }, xml(condition, { xmlns: NS_STANZAS }))
}

/** The application condition of the stream error for an `h` that was never sent (§4). */
export function buildHandledCountTooHigh(h: number, sendCount: number): Element {
  return xml('handled-count-too-high', { xmlns: NS_SM, h, 'send-count': sendCount })
}
