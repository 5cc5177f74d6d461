import { ACCESS_MODELS, DEFAULT_NODE_CONFIG, PUBLISH_MODELS, SEND_LAST } from '@drawbridge/db'
import type { NodeConfig, PepNode } from '@drawbridge/db'
import { buildForm, findForm, NS_PUBSUB_NODE_CONFIG, NS_PUBSUB_PUBLISH_OPTIONS, StanzaFault } from '@drawbridge/xmpp'
import type { Element, FieldType, Form } from '@drawbridge/xmpp'
import { pubsubFault } from './errors.ts'

/** Longest text of a title, a description or a type, in characters, and most groups of one node. */
const MAX_TEXT_LENGTH = 1_024
const MAX_GROUPS = 100
/** Longest life of an item that is not kept for ever, in seconds. */
const MAX_EXPIRE_S = 10 * 366 * 86_400

/** One setting of a node as a field of a form (XEP-0060 §16.4.4). */
interface Field<T> {
  readonly type: FieldType
  readonly label: string
  readonly options?: readonly string[]
  /** `undefined`: not a value that a node here can have. */
  parse(values: readonly string[], maxItems: number): T | undefined
  print(value: T): readonly string[]
}

function single<T>(parse: (text: string, maxItems: number) => T | undefined) {
  return (values: readonly string[], maxItems: number) =>
    values.length > 1 ? undefined : parse(values[0] ?? '', maxItems)
}

function yesOrNo(label: string): Field<boolean> {
  const values = new Map([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])
  return { type: 'boolean', label, parse: single((text) => values.get(text)), print: (value) => [value ? '1' : '0'] }
}

function oneOf<T extends string>(label: string, options: readonly T[]): Field<T> {
  const parse = single((text) => options.find((option) => option === text))
  return { type: 'list-single', label, options, parse, print: (value) => [value] }
}

function line(label: string): Field<string> {
  const parse = single((text) => (text.length <= MAX_TEXT_LENGTH ? text : undefined))
  return { type: 'text-single', label, parse, print: (value) => (value === '' ? [] : [value]) }
}

function count(text: string, max: number): number | undefined {
  return /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= max ? Number(text) : undefined
}

/** Everything a node can be told, by the name of its field after `pubsub#`, in the order of the form. */
const FIELDS: { readonly [K in keyof NodeConfig]: Field<NodeConfig[K]> & { readonly name: string } } = {
  title: { name: 'title', ...line('Name of the node') },
  description: { name: 'description', ...line('What the node is for') },
  type: { name: 'type', ...line('Namespace of the payload') },
  accessModel: { name: 'access_model', ...oneOf('Who may subscribe and read', ACCESS_MODELS) },
  rosterGroups: {
    name: 'roster_groups_allowed',
    type: 'text-multi',
    label: 'Groups of contacts that may subscribe and read, with the access model roster',
    parse: (values) =>
      values.length <= MAX_GROUPS && values.every((group) => group.length <= MAX_TEXT_LENGTH) ? [...values] : undefined,
    print: (groups) => groups,
  },
  publishModel: { name: 'publish_model', ...oneOf('Who may publish', PUBLISH_MODELS) },
  persistItems: { name: 'persist_items', ...yesOrNo('Whether items are kept') },
  maxItems: {
    name: 'max_items',
    type: 'text-single',
    label: 'Most items that are kept: a number, or max',
    parse: single((text, maxItems) => (text === 'max' ? maxItems : count(text, maxItems))),
    print: (value) => [String(value)],
  },
  itemExpireS: {
    name: 'item_expire',
    type: 'text-single',
    label: 'Seconds after which an item is gone, or max',
    parse: single((text) => (text === 'max' ? 'max' : count(text, MAX_EXPIRE_S))),
    print: (value) => [String(value)],
  },
  sendLast: { name: 'send_last_published_item', ...oneOf('When the last item is sent', SEND_LAST) },
  deliverNotifications: { name: 'deliver_notifications', ...yesOrNo('Whether subscribers are notified') },
  deliverPayloads: { name: 'deliver_payloads', ...yesOrNo('Whether notifications hold the payload') },
  notifyConfig: { name: 'notify_config', ...yesOrNo('Whether subscribers hear of a change of configuration') },
  notifyDelete: { name: 'notify_delete', ...yesOrNo('Whether subscribers hear that the node was deleted') },
  notifyRetract: { name: 'notify_retract', ...yesOrNo('Whether subscribers hear that an item was retracted') },
}

const KEYS = Object.keys(FIELDS) as (keyof NodeConfig)[]
const KEY_OF: ReadonlyMap<string, keyof NodeConfig> = new Map(KEYS.map((key) => [`pubsub#${FIELDS[key].name}`, key]))

/** A list that is the owner's own affair (XEP-0223 §3). */
const PRIVATE_LIST: Partial<NodeConfig> = { accessModel: 'whitelist', maxItems: Infinity, sendLast: 'never' }

/** Nodes that are something else even if the client forgets to say so. */
const PRESETS: ReadonlyMap<string, Partial<NodeConfig>> = new Map([
  // XEP-0402 §4.1, XEP-0490 §4.1.
  ['urn:xmpp:bookmarks:1', PRIVATE_LIST],
  ['urn:xmpp:mds:displayed:0', PRIVATE_LIST],
  // XEP-0292 §4: everybody here may read everybody's vCard.
  ['urn:xmpp:vcard4', { accessModel: 'open' }],
])

/** A node as it is made, with what is said of it. */
export function newNode(node: string, said: Partial<NodeConfig>, maxItems: number): PepNode {
  const config = { ...DEFAULT_NODE_CONFIG, ...PRESETS.get(node), ...said, node }
  return { ...config, maxItems: Math.min(config.maxItems, maxItems) }
}

/**
 * The preconditions of a publication (XEP-0060 §7.1.5). `undefined`: none.
 * @throws StanzaFault `conflict` with `precondition-not-met` for one that no node here can meet
 */
export function parsePublishOptions(pubsub: Element, maxItems: number): Partial<NodeConfig> | undefined {
  const element = pubsub.getChild('publish-options')
  const form = element && findForm(element, NS_PUBSUB_PUBLISH_OPTIONS)
  return form && parseConfig(form, maxItems, unmet)
}

/** XEP-0060 §8.2. `undefined`: no form, or canceled. @throws StanzaFault `not-acceptable` for what a node cannot be */
export function parseNodeConfig(parent: Element, maxItems: number): Partial<NodeConfig> | undefined {
  const form = findForm(parent, NS_PUBSUB_NODE_CONFIG)
  if (!form || form.type === 'cancel') return undefined
  return parseConfig(form, maxItems, (text) => new StanzaFault({ condition: 'not-acceptable', text }))
}

/** Throws unless the node is what the publisher takes it for: a private item must never land in a public node (PE-02). */
export function refuseMismatch(node: PepNode, wanted: Partial<NodeConfig>): void {
  for (const key of KEYS) {
    const value = wanted[key]
    if (value !== undefined && String(value) !== String(node[key])) {
      throw unmet(`The node has another ${FIELDS[key].name}.`)
    }
  }
}

function unmet(text: string): StanzaFault {
  return pubsubFault('conflict', 'precondition-not-met', text)
}

function parseConfig(form: Form, maxItems: number, refuse: (text: string) => StanzaFault): Partial<NodeConfig> {
  const config: Record<string, unknown> = {}
  for (const [name, values] of form.values) {
    if (name === 'FORM_TYPE') continue
    const key = KEY_OF.get(name)
    const value = key && FIELDS[key].parse(values, maxItems)
    if (key === undefined) throw refuse(`This is not supported: ${name.slice(0, 80)}`)
    if (value === undefined) throw refuse(`A node here cannot have this ${FIELDS[key].name}.`)
    config[key] = value
  }
  return config
}

/** The configuration as its owner reads it (XEP-0060 §8.2), or that of a node to be (§8.3). */
export function buildNodeConfig(config: NodeConfig = DEFAULT_NODE_CONFIG, type: 'form' | 'result' = 'form'): Element {
  const fieldOf = <K extends keyof NodeConfig>(key: K) => {
    const { name, type: fieldType, label, options, print } = FIELDS[key]
    return {
      name: `pubsub#${name}`,
      type: fieldType,
      label,
      values: print(config[key]),
      options: options?.map((value) => ({ value })),
    }
  }
  return buildForm({ type, formType: NS_PUBSUB_NODE_CONFIG, fields: KEYS.map(fieldOf) })
}
