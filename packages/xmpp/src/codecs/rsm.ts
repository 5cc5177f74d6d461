import { xml, type Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { NS_RSM } from '../ns.ts'

/** XEP-0059: which part of a result the client wants. */
export interface RsmRequest {
  /** Items wanted, already capped; 0 asks for the count alone (§2.7). */
  readonly max: number
  /** Items after this one. */
  readonly after?: string
  /** Items before this one; the last page if empty (§2.5). */
  readonly before?: string
  /** Items from this position on (§2.6). */
  readonly index?: number
}

/** XEP-0059: which part of a result this is. */
export interface RsmResult {
  readonly first?: string | undefined
  /** Position of the first item in the whole result. */
  readonly firstIndex?: number | undefined
  readonly last?: string | undefined
  /** Size of the whole result. */
  readonly count?: number | undefined
}

/** How long an item id may be, in characters. */
const MAX_ID_LENGTH = 1023

/**
 * Reads the `<set/>` of a query; without one, the first page of `maxItems`. More than `maxItems` is capped (DS-19).
 * @throws StanzaFault `bad-request`
 */
export function parseRsm(query: Element, maxItems: number): RsmRequest {
  const set = query.getChild('set', NS_RSM)
  const after = set?.getChildText('after')
  const before = set?.getChildText('before')
  const index = numberIn(set, 'index')
  if ((after ?? '').length > MAX_ID_LENGTH || (before ?? '').length > MAX_ID_LENGTH) throw badRequest()
  return {
    max: Math.min(numberIn(set, 'max') ?? maxItems, maxItems),
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
    ...(index === undefined ? {} : { index }),
  }
}

export function buildRsm({ first, firstIndex, last, count }: RsmResult): Element {
  return xml(
    'set',
    { xmlns: NS_RSM },
    first === undefined ? undefined : xml('first', { index: firstIndex }, first),
    last === undefined ? undefined : xml('last', {}, last),
    count === undefined ? undefined : xml('count', {}, count),
  )
}

/**
 * The part of a result that was asked for, where the whole result is at hand.
 * @throws StanzaFault `item-not-found` for a page next to an item that is not there (§2.2)
 */
export function pageOf<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  { max, after, before, index }: RsmRequest,
): { readonly page: readonly T[]; readonly firstIndex: number } {
  const find = (id: string) => {
    const found = all.findIndex((item) => idOf(item) === id)
    if (found === -1) throw new StanzaFault({ condition: 'item-not-found' })
    return found
  }
  const from = index ?? (after === undefined ? 0 : find(after) + 1)
  if (index !== undefined && index > all.length) throw new StanzaFault({ condition: 'item-not-found' })
  if (before === undefined) return { page: all.slice(from, from + max), firstIndex: from }
  const end = before === '' ? all.length : find(before)
  const start = Math.max(from, end - max)
  return { page: all.slice(start, Math.max(start, end)), firstIndex: start }
}

/** Builds a `<set/>` that asks for a page. */
export function buildRsmRequest({ max, after, before, index }: Partial<RsmRequest>): Element {
  return xml(
    'set',
    { xmlns: NS_RSM },
    max === undefined ? undefined : xml('max', {}, max),
    after === undefined ? undefined : xml('after', {}, after),
    before === undefined ? undefined : xml('before', {}, before),
    index === undefined ? undefined : xml('index', {}, index),
  )
}

/** Reads the `<set/>` of an answer. */
export function parseRsmResult(parent: Element): RsmResult | undefined {
  const set = parent.getChild('set', NS_RSM)
  if (!set) return undefined
  const first = set.getChild('first')
  return {
    first: first?.getText(),
    firstIndex: first?.attrs['index'] === undefined ? undefined : Number(first.attrs['index']),
    last: set.getChildText('last'),
    count: numberIn(set, 'count'),
  }
}

function numberIn(set: Element | undefined, name: string): number | undefined {
  const text = set?.getChildText(name)
  if (text === undefined) return undefined
  if (!/^\d{1,10}$/.test(text)) throw badRequest()
  return Number(text)
}

function badRequest(): StanzaFault {
  return new StanzaFault({ condition: 'bad-request', text: 'malformed result set request' })
}
