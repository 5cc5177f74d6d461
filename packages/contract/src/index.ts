export * from './file-extensions.ts'
export * from './inspect.ts'
export * from './sanitize.ts'
export * from './sanitize-answer.ts'
export * from './sanitizer-health.ts'
export * from './codes.ts'
export * from './refusal.ts'
export * from './problem.ts'
export * from './roles.ts'
export * from './admin-route.ts'
export * from './admin-api.ts'
export { type ApiTokenView, TOKEN_DAYS } from './admin-tokens.ts'
export {
  type AdvisoryProposalView,
  type AdvisorySettings,
  type ClientBuildView,
  type FeedImportResult,
  MAX_FEED_BYTES,
} from './admin-advisories.ts'
export type { StandingMessageView } from './admin-announcements.ts'
export { type InvitationView, type IssuedInvitation, MAX_MEMBERS_PER_REQUEST, type UnitView } from './admin-people.ts'
export { playbookDocument } from './admin-suspensions.ts'
export type {
  ApprovalRequestView,
  HeldMessageView,
  IncidentRecord,
  PlaybookDocument,
  PlaybookView,
  SuspensionImpact,
} from './admin-suspensions.ts'
export { RELEASES, type Release, MAX_IMPORT_ROWS, accountName, instant, nameParams, password } from './admin-schemas.ts'
export type {
  Account,
  AuditEntryView,
  AuditVerdict,
  ChangedAccount,
  Check,
  ClientIdentityView,
  ClientExceptionView,
  ClientRuleView,
  ClientUse,
  ClientVersion,
  ContactView,
  CreatedAccount,
  Effect,
  NodeEffectView,
  HeldQueue,
  ImageRenewalView,
  ImportResult,
  NewAccount,
  NewClientException,
  NewClientRule,
  NewRecall,
  RecallView,
  NewSuspension,
  SessionView,
  Simulation,
  Status,
  SuspensionView,
} from './admin-schemas.ts'
export { buildOpenapi } from './openapi.ts'
export * from './sentence.ts'
export * from './status.ts'
