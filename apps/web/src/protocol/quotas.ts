import { NS_DRAWBRIDGE_UPLOAD } from '@drawbridge/xmpp'
import type { Element, Xml } from '../connection/element.ts'

/** How much of something is used up, in bytes. */
export interface Quota {
  /** Of the last day, of everything that is kept, or of a unit that the person belongs to. */
  readonly kind: 'day' | 'stored' | 'unit'
  /** Of the unit. */
  readonly name: string | undefined
  readonly usedBytes: number
  /** Undefined: without a limit. */
  readonly limitBytes: number | undefined
}

const KINDS: readonly Quota['kind'][] = ['day', 'stored', 'unit']

export function buildQuotasRequest(xml: Xml): Element {
  return xml('quotas', { xmlns: NS_DRAWBRIDGE_UPLOAD })
}

/** The quotas in an answer, or in the error of a file for which there was no room. */
export function parseQuotas(parent: Element): Quota[] {
  const quotas = parent.getChild('quotas', NS_DRAWBRIDGE_UPLOAD)?.getChildren('quota') ?? []
  return quotas.flatMap(({ attrs: { kind: word, name, used, limit } }) => {
    const kind = KINDS.find((known) => known === word)
    const usedBytes = bytesFrom(used)
    return kind === undefined || usedBytes === undefined
      ? []
      : [{ kind, name, usedBytes, limitBytes: bytesFrom(limit) }]
  })
}

export function isFull({ usedBytes, limitBytes }: Quota): boolean {
  return limitBytes !== undefined && usedBytes >= limitBytes
}

function bytesFrom(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
