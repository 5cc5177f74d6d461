import {
  bigint,
  boolean,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
  type AnyPgColumn,
} from 'drizzle-orm/pg-core'
import { account, instant } from './account.ts'

/** Who may read a node (XEP-0060 §4.5). */
export const ACCESS_MODELS = ['open', 'presence', 'roster', 'authorize', 'whitelist'] as const
export type AccessModel = (typeof ACCESS_MODELS)[number]

/** Who may publish to a node (XEP-0060 §16.4.4, pubsub#publish_model). */
export const PUBLISH_MODELS = ['publishers', 'subscribers', 'open'] as const
export type PublishModel = (typeof PUBLISH_MODELS)[number]

/** When somebody gets the last item without asking (XEP-0060 §16.4.4, pubsub#send_last_published_item). */
export const SEND_LAST = ['never', 'on_sub', 'on_sub_and_presence'] as const
export type SendLast = (typeof SEND_LAST)[number]

/** What the owner says of somebody (XEP-0060 §4.1); who is not mentioned has `none`. */
export const AFFILIATIONS = ['owner', 'publisher', 'publish-only', 'member', 'outcast'] as const
export type Affiliation = (typeof AFFILIATIONS)[number]

/** How far a subscription has come (XEP-0060 §4.2); whoever has none has `none`. */
export type SubscriptionState = 'pending' | 'subscribed'

/** What a node can be told beside its access model and the number of its items. */
export interface NodeOptions {
  readonly publishModel: PublishModel
  /** Items are kept, not only told about. */
  readonly persistItems: boolean
  readonly sendLast: SendLast
  readonly deliverNotifications: boolean
  /** Notifications hold the payload, not only the item's id. */
  readonly deliverPayloads: boolean
  readonly notifyRetract: boolean
  readonly notifyDelete: boolean
  readonly notifyConfig: boolean
  /** Groups of the owner's roster that may read, where the access model is `roster`. */
  readonly rosterGroups: readonly string[]
  /** Seconds after which an item is gone; `max`: never. */
  readonly itemExpireS: number | 'max'
  readonly title: string
  readonly description: string
  /** Namespace of the payload. */
  readonly type: string
}

/** Personal eventing: nodes (XEP-0163). */
export const pepNode = pgTable(
  'pep_node',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    node: text('node').notNull(),
    accessModel: text('access_model').$type<AccessModel>().notNull().default('presence'),
    maxItems: integer('max_items').notNull().default(1),
    options: jsonb('options').$type<NodeOptions>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.node] })],
)

const ofNode = (t: { readonly accountId: AnyPgColumn; readonly node: AnyPgColumn }) =>
  foreignKey({ columns: [t.accountId, t.node], foreignColumns: [pepNode.accountId, pepNode.node] }).onDelete('cascade')

/** Personal eventing: items. */
export const pepItem = pgTable(
  'pep_item',
  {
    accountId: uuid('account_id').notNull(),
    node: text('node').notNull(),
    itemId: text('item_id').notNull(),
    payload: text('payload').notNull(),
    publisher: text('publisher'),
    publishedAt: instant('published_at').notNull().defaultNow(),
    filterVersion: smallint('filter_version').notNull().default(0),
    revision: bigint('revision', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.node, t.itemId] }), ofNode(t)],
)

/** Personal eventing: what owners say of others (XEP-0060 §8.9). */
export const pepAffiliation = pgTable(
  'pep_affiliation',
  {
    accountId: uuid('account_id').notNull(),
    node: text('node').notNull(),
    jid: text('jid').notNull(),
    affiliation: text('affiliation').$type<Affiliation>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.node, t.jid] }), ofNode(t)],
)

/** Personal eventing: subscriptions that somebody asked for (XEP-0060 §6.1). */
export const pepSubscription = pgTable(
  'pep_subscription',
  {
    accountId: uuid('account_id').notNull(),
    node: text('node').notNull(),
    jid: text('jid').notNull(),
    subid: text('subid').notNull(),
    state: text('state').$type<SubscriptionState>().notNull(),
    /** Its owner wants notifications (XEP-0060 §16.4.2, pubsub#deliver). */
    isDelivered: boolean('is_delivered').notNull().default(true),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.node, t.jid] }), ofNode(t)],
)
