import { bigint, boolean, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import type { GrantedPermission } from '@drawbridge/contract'
import { account, bytea, instant } from './account.ts'

const owner = () =>
  uuid('account_id')
    .notNull()
    .references(() => account.id, { onDelete: 'cascade' })

/** Sign-ins of administrators, by the hash of their token. */
export const adminSession = pgTable('admin_session', {
  id: uuid('id').primaryKey(),
  tokenHash: bytea('token_hash').notNull().unique(),
  accountId: owner(),
  isCookie: boolean('is_cookie').notNull(),
  hasSecondFactor: boolean('has_second_factor').notNull(),
  address: text('address').notNull(),
  userAgent: text('user_agent').notNull(),
  createdAt: instant('created_at').notNull(),
  provedAt: instant('proved_at').notNull(),
  seenAt: instant('seen_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Secrets of codes by time (RFC 6238), sealed by the caller. */
export const totp = pgTable('totp', {
  accountId: owner().primaryKey(),
  sealed: bytea('sealed').notNull(),
  createdAt: instant('created_at').notNull(),
  confirmedAt: instant('confirmed_at'),
  lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
})

/** Codes on paper, by their hash; one that was used is gone. */
export const recoveryCode = pgTable(
  'recovery_code',
  { accountId: owner(), codeHash: bytea('code_hash').notNull() },
  (t) => [primaryKey({ columns: [t.accountId, t.codeHash] })],
)

/** Passkeys (WebAuthn): the public part. */
export const passkey = pgTable('passkey', {
  id: uuid('id').primaryKey(),
  accountId: owner(),
  credentialId: bytea('credential_id').notNull().unique(),
  publicKey: bytea('public_key').notNull(),
  name: text('name').notNull(),
  signCount: bigint('sign_count', { mode: 'number' }).notNull(),
  createdAt: instant('created_at').notNull(),
  usedAt: instant('used_at'),
})

/** Challenges that were answered; each is good once. */
export const spentChallenge = pgTable('spent_challenge', {
  nonce: bytea('nonce').primaryKey(),
  expiresAt: instant('expires_at').notNull(),
})

/** Tokens of programs, by their hash. */
export const apiToken = pgTable('api_token', {
  id: uuid('id').primaryKey(),
  tokenHash: bytea('token_hash').notNull().unique(),
  accountId: owner(),
  name: text('name').notNull(),
  scopes: text('scopes').array().$type<GrantedPermission[]>().notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
  usedFrom: text('used_from'),
  revokedAt: instant('revoked_at'),
})

/** Answers to requests with an idempotency key, sealed by the caller. */
export const adminReply = pgTable(
  'admin_reply',
  {
    actor: text('actor').notNull(),
    keyHash: bytea('key_hash').notNull(),
    fingerprint: bytea('fingerprint').notNull(),
    startedAt: instant('started_at').notNull(),
    status: smallint('status'),
    sealed: bytea('sealed'),
  },
  (t) => [primaryKey({ columns: [t.actor, t.keyHash] })],
)
