import type { AccessModel, PepNode } from '@drawbridge/db'
import { buildForm, findForm, NS_PUBSUB_NODE_CONFIG, NS_PUBSUB_PUBLISH_OPTIONS, StanzaFault } from '@drawbridge/xmpp'
import type { Element, Form } from '@drawbridge/xmpp'
import { pubsubFault } from './errors.ts'

/** Most items of one node; what `max` stands for. */
export const MAX_ITEMS = 1_000

/** What a node can be told. Everything is kept (persist_items), and the last item is sent where there is only one. */
interface Options {
  readonly accessModel?: AccessModel
  readonly maxItems?: number
}

/** Settings that change nothing about who may read what, or for how long it is kept; their values are not looked at. */
const HARMLESS: ReadonlySet<string> = new Set(
  [
    'title',
    'description',
    'type',
    'language',
    'send_last_published_item',
    'deliver_notifications',
    'deliver_payloads',
    'notify_config',
    'notify_delete',
    'notify_retract',
    'notify_sub',
    'itemreply',
    'max_payload_size',
    'collection',
    'node_type',
  ].map((name) => `pubsub#${name}`),
)

/** Nodes that are nobody else's business even if the client forgets to say so (XEP-0402 §4.1, XEP-0490, XEP-0048). */
const PRIVATE_NODES: ReadonlySet<string> = new Set([
  'urn:xmpp:bookmarks:1',
  'urn:xmpp:mds:displayed:0',
  'storage:bookmarks',
])

/** What a node is when nothing is said of it (XEP-0163 §3: seen by who sees presence; the last item only). */
export function newNode(node: string, options: Options = {}): PepNode {
  const isPrivate = PRIVATE_NODES.has(node)
  return { node, accessModel: isPrivate ? 'whitelist' : 'presence', maxItems: 1, ...options }
}

/**
 * The preconditions of a publication (XEP-0060 §7.1.5). `undefined`: none.
 * @throws StanzaFault `conflict` with `precondition-not-met` for one that no node here can meet
 */
export function parsePublishOptions(pubsub: Element): Options | undefined {
  const element = pubsub.getChild('publish-options')
  const form = element && findForm(element, NS_PUBSUB_PUBLISH_OPTIONS)
  return form && parseOptions(form, unmet)
}

/** XEP-0060 §8.2. @throws StanzaFault `not-acceptable` for what a node here cannot be */
export function parseNodeConfig(parent: Element): Options {
  const form = findForm(parent, NS_PUBSUB_NODE_CONFIG)
  return form ? parseOptions(form, (text) => new StanzaFault({ condition: 'not-acceptable', text })) : {}
}

/** Throws unless the node is what the publisher takes it for: a private item must never land in a public node (PE-02). */
export function refuseMismatch(node: PepNode, { accessModel, maxItems }: Options): void {
  if (accessModel !== undefined && accessModel !== node.accessModel) throw unmet('The node has another access model.')
  if (maxItems !== undefined && maxItems !== node.maxItems) throw unmet('The node keeps another number of items.')
}

function unmet(text: string): StanzaFault {
  return pubsubFault('conflict', 'precondition-not-met', text)
}

function parseOptions(form: Form, refuse: (text: string) => StanzaFault): Options {
  const options: { accessModel?: AccessModel; maxItems?: number } = {}
  for (const [name, values] of form.values) {
    const value = values[0] ?? ''
    if (name === 'FORM_TYPE' || HARMLESS.has(name)) continue
    if (name === 'pubsub#access_model') {
      if (value !== 'open' && value !== 'presence' && value !== 'whitelist')
        throw refuse('This access model is not supported.')
      options.accessModel = value
    } else if (name === 'pubsub#max_items') {
      const maxItems = value === 'max' ? MAX_ITEMS : /^\d{1,6}$/.test(value) ? Number(value) : 0
      if (maxItems < 1 || maxItems > MAX_ITEMS) throw refuse(`A node keeps 1 to ${MAX_ITEMS} items.`)
      options.maxItems = maxItems
    } else if (name === 'pubsub#persist_items') {
      if (value !== '1' && value !== 'true') throw refuse('Items are always kept.')
    } else throw refuse(`This is not supported: ${name.slice(0, 80)}`)
  }
  return options
}

/** The configuration as its owner reads it (XEP-0060 §8.2). */
export function buildNodeConfig({ accessModel, maxItems }: PepNode): Element {
  return buildForm({
    type: 'form',
    formType: NS_PUBSUB_NODE_CONFIG,
    fields: [
      { name: 'pubsub#persist_items', type: 'boolean', values: ['1'] },
      { name: 'pubsub#max_items', type: 'text-single', values: [String(maxItems)] },
      {
        name: 'pubsub#access_model',
        type: 'list-single',
        values: [accessModel],
        options: ['open', 'presence', 'whitelist'].map((value) => ({ value })),
      },
      {
        name: 'pubsub#send_last_published_item',
        type: 'list-single',
        values: [maxItems === 1 ? 'on_sub_and_presence' : 'never'],
      },
    ],
  })
}
