export * from './account.ts'
export * from './account-identity.ts'
export * from './admin-reply.ts'
export * from './admin-session.ts'
export * from './api-token.ts'
export * from './advisory.ts'
export * from './approval.ts'
export {
  type ArchivedMessage,
  archiveMetadata,
  type ArchiveQuery,
  listArchive,
  listMessages,
  listSubjects,
  putFilteredMessage,
  searchArchive,
  type Retraction,
} from './archive.ts'
export type * from './archive-entry.ts'
export { isClientIdKept } from './archive-references.ts'
export { type ArchiveWriter, type ArchiveWriterOptions, createArchiveWriter, WriterClosed } from './archive-writer.ts'
export { indexTexts, type TextQuery } from './archive-search.ts'
export * from './audit.ts'
export * from './audit-chain.ts'
export * from './blob.ts'
export * from './client-installation.ts'
export * from './client-rule-hit.ts'
export * from './client-sighting.ts'
export * from './counted-batch.ts'
export {
  type Database,
  type DatabaseOptions,
  type Db,
  isRefusedContent,
  isUniqueViolation,
  openDatabase,
} from './database.ts'
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.ts'
export { EmbeddedPostgresError } from './embedded-postgres-owner.ts'
export * from './device-key.ts'
export * from './directory.ts'
export * from './event-sink.ts'
export * from './evidence.ts'
export * from './fetched-image.ts'
export * from './held-message.ts'
export * from './released-batch.ts'
export * from './image-failure.ts'
export * from './image-map.ts'
export * from './image-census.ts'
export * from './image-renewal.ts'
export * from './image-texts.ts'
export * from './invitation.ts'
export * from './listen.ts'
export * from './lock.ts'
export { migrate, MigrationError, type MigrationOutcome, newestMigration } from './migrate.ts'
export { probeDatabase, type Reach } from './reach.ts'
export * from './named.ts'
export * from './outbox.ts'
export * from './pep.ts'
export * from './pep-people.ts'
export * from './personal.ts'
export * from './policy.ts'
export * from './policy-change.ts'
export * from './policy-node.ts'
export * from './push.ts'
export * from './recall.ts'
export * from './room.ts'
export * from './report.ts'
export * from './roster.ts'
export type {
  AccessModel,
  ArchiveTarget,
  Direction,
  EvidenceOutcome,
  StandingMessageKind,
  StoredAffiliation,
  Subscription,
  UnitDirectory,
  UnitMinimumTier,
  UnitRoster,
  UploadState,
} from './schema/index.ts'
export {
  ACCESS_MODELS,
  type Affiliation,
  AFFILIATIONS,
  type NodeOptions,
  PUBLISH_MODELS,
  SEND_LAST,
  type SubscriptionState,
} from './schema/pep.ts'
export * from './offline-token.ts'
export * from './passkey.ts'
export * from './second-factor.ts'
export * from './playbook.ts'
export * from './setting.ts'
export * from './standing-message.ts'
export * from './stream.ts'
export * from './suspension.ts'
export * from './traffic.ts'
export * from './undelivered.ts'
export * from './unit.ts'
export * from './upload.ts'
export { isUuid, uuidv7 } from './uuid.ts'
