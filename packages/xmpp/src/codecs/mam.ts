import { xml, type Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import type { Jid } from '../jid.ts'
import { NS_DATA, NS_FULLTEXT, NS_MAM } from '../ns.ts'
import { jidOrFault } from '../stanza.ts'
import { findDateTime, formatDateTime } from './date-time.ts'
import { buildForm, findFormValue, parseForm, type Form, type FormField } from './forms.ts'
import { buildForwarded } from './forwarded.ts'
import { buildRsm, parseRsm, type RsmRequest, type RsmResult } from './rsm.ts'

/** XEP-0313: what is asked of an archive. Dates are inclusive (§4.1.1). */
export interface MamQuery {
  readonly queryId: string | undefined
  readonly node: string | undefined
  readonly with: Jid | undefined
  readonly start: Date | undefined
  readonly end: Date | undefined
  /** `urn:xmpp:mam:2#extended`: only messages before this one, not included. */
  readonly beforeId: string | undefined
  readonly afterId: string | undefined
  /** Only these messages; `item-not-found` if one is missing. */
  readonly ids: readonly string[] | undefined
  /** XEP-0431: words to look for, as the user typed them. */
  readonly fullText: string | undefined
  /** The page is to be sent newest first; which messages it holds does not change. */
  readonly isFlipped: boolean
  readonly rsm: RsmRequest
}

/** What a server allows a query to ask for. */
export interface MamCaps {
  readonly maxItems: number
  readonly maxIds: number
}

/** XEP-0431 §3.1, in Clark notation. */
const FULLTEXT_FIELD = `{${NS_FULLTEXT}}fulltext`
/** How long a text query may be, in UTF-16 code units. */
const MAX_FULLTEXT = 1_024

const FIELDS: readonly FormField[] = [
  { name: 'with', type: 'jid-single' },
  { name: 'start', type: 'text-single' },
  { name: 'end', type: 'text-single' },
  { name: 'before-id', type: 'text-single' },
  { name: 'after-id', type: 'text-single' },
  // §4.1.5: open, as the ids are not listed.
  { name: 'ids', type: 'list-multi', isOpen: true },
  { name: FULLTEXT_FIELD, type: 'text-single' },
]
const KNOWN_FIELDS: ReadonlySet<string> = new Set(['FORM_TYPE', ...FIELDS.map((field) => field.name)])

/**
 * Reads `<query xmlns='urn:xmpp:mam:2'/>` of type set.
 * @throws StanzaFault `bad-request`; `feature-not-implemented` for unknown fields (§4.1.4); `policy-violation` for too
 *   many ids
 */
export function parseMamQuery(query: Element, { maxItems, maxIds }: MamCaps): MamQuery {
  const element = query.getChild('x', NS_DATA)
  const form = element && parseSubmitted(element)
  const value = (name: string) => (form ? findFormValue(form, name) || undefined : undefined)
  const withText = value('with')
  const ids = form?.values.get('ids')
  const fullText = value(FULLTEXT_FIELD)?.trim()
  if (fullText !== undefined && fullText.length > MAX_FULLTEXT) {
    throw new StanzaFault({ condition: 'policy-violation', text: 'the text to look for is too long' })
  }
  if (ids && ids.length > maxIds) throw new StanzaFault({ condition: 'policy-violation', text: 'too many ids' })
  return {
    queryId: query.attrs['queryid'],
    node: query.attrs['node'],
    with: withText === undefined ? undefined : jidOrFault(withText),
    start: dateOf(value('start')),
    end: dateOf(value('end')),
    beforeId: value('before-id'),
    afterId: value('after-id'),
    ids: ids && ids.length > 0 ? ids : undefined,
    fullText: fullText || undefined,
    isFlipped: query.getChild('flip-page') !== undefined,
    rsm: parseRsm(query, maxItems),
  }
}

function parseSubmitted(element: Element): Form {
  const form = parseForm(element)
  if (form.type !== 'submit' || form.formType !== NS_MAM) {
    throw new StanzaFault({ condition: 'bad-request', text: 'not a submitted archive form' })
  }
  for (const name of form.values.keys()) {
    if (!KNOWN_FIELDS.has(name)) {
      throw new StanzaFault({ condition: 'feature-not-implemented', text: 'unknown field in an archive query' })
    }
  }
  return form
}

function dateOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const date = findDateTime(text)
  if (!date) throw new StanzaFault({ condition: 'bad-request', text: 'malformed date' })
  return date
}

/** The answer to a query of type get: the fields that can be asked for (§4.1.5). */
export function buildMamForm(): Element {
  return xml('query', { xmlns: NS_MAM }, buildForm({ type: 'form', formType: NS_MAM, fields: FIELDS }))
}

/** A message of the archive: its id there, when it was accepted, and itself. */
export interface MamItem {
  readonly id: string
  readonly stamp: Date
  readonly stanza: Element
}

/** The `<result/>` that carries one message to the client. The message is copied. */
export function buildMamResult({ id, stamp, stanza }: MamItem, queryId?: string): Element {
  return xml('result', { xmlns: NS_MAM, queryid: queryId, id }, buildForwarded({ stanza, stamp }))
}

/** Removes `<result/>` from what a client sends: only an archive makes it (SP-03). Returns how many there were. */
export function stripMamResults(message: Element): number {
  const forged = message.getChildren('result', NS_MAM)
  for (const element of forged) message.remove(element)
  return forged.length
}

/** Ends a page. `isComplete`: nothing follows in the direction of paging (§4.3.2). */
export function buildMamFin({
  isComplete,
  isStable = true,
  rsm,
}: {
  readonly isComplete: boolean
  readonly isStable?: boolean
  readonly rsm: RsmResult
}): Element {
  return xml(
    'fin',
    { xmlns: NS_MAM, complete: isComplete ? 'true' : undefined, stable: isStable ? undefined : 'false' },
    buildRsm(rsm),
  )
}

/** `urn:xmpp:mam:2#extended` §6.2: the oldest and the newest message; neither in an empty archive. */
export function buildMamMetadata(
  ends: { readonly start: Omit<MamItem, 'stanza'>; readonly end: Omit<MamItem, 'stanza'> } | undefined,
): Element {
  const point = (name: 'start' | 'end', item: Omit<MamItem, 'stanza'>) =>
    xml(name, { id: item.id, timestamp: formatDateTime(item.stamp) })
  return xml('metadata', { xmlns: NS_MAM }, ends && [point('start', ends.start), point('end', ends.end)])
}

/** XEP-0441: what is archived of whom. Lists hold JIDs. */
export interface MamPreferences {
  readonly default: 'always' | 'never' | 'roster'
  readonly always: readonly string[]
  readonly never: readonly string[]
}

export function buildMamPreferences({ default: rule, always, never }: MamPreferences): Element {
  const list = (name: 'always' | 'never', jids: readonly string[]) =>
    xml(
      name,
      {},
      jids.map((jid) => xml('jid', {}, jid)),
    )
  return xml('prefs', { xmlns: NS_MAM, default: rule }, list('always', always), list('never', never))
}
