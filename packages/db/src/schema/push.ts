import { integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, bytea, instant } from './account.ts'

const owner = () =>
  uuid('account_id')
    .notNull()
    .references(() => account.id, { onDelete: 'cascade' })

/** Devices of our own push service (RFC 8030); `sealed` is what is needed to reach one. */
export const pushDevice = pgTable('push_device', {
  node: text('node').primaryKey(),
  accountId: owner(),
  endpointHash: bytea('endpoint_hash').notNull(),
  sealed: bytea('sealed').notNull(),
  registeredAt: instant('registered_at').notNull().defaultNow(),
})

/** Push services that clients have enabled (XEP-0357). */
export const pushTarget = pgTable(
  'push_target',
  {
    accountId: owner(),
    service: text('service').notNull(),
    node: text('node').notNull(),
    resource: text('resource').notNull(),
    clientId: uuid('client_id'),
    options: text('options'),
    identity: text('identity'),
    client: jsonb('client').$type<unknown>(),
    /** Thumbprint of the enrolled key that it had proved. */
    deviceKey: text('device_key'),
    updateTold: text('update_told'),
    failures: integer('failures').notNull().default(0),
    failedAt: instant('failed_at'),
    enabledAt: instant('enabled_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.service, t.node] })],
)
