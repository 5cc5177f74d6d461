export * from './file-extensions.ts'
export * from './inspect.ts'
export * from './sanitize.ts'
export * from './sanitize-answer.ts'
export * from './sanitizer-health.ts'
export * from './codes.ts'
export * from './edited.ts'
export * from './refusal.ts'
export * from './problem.ts'
export * from './roles.ts'
export type { AuthorizationServer } from './authorization-server.ts'
export * from './admin-route.ts'
export * from './admin-api.ts'
export { csvOf, type Table, tableOf } from './csv.ts'
export type { PasskeyView } from './admin-access.ts'
export { type ApiTokenView, TOKEN_DAYS } from './admin-tokens.ts'
export {
  type AdvisoryProposalView,
  type AdvisorySettings,
  type ClientBuildView,
  type FeedImportResult,
  MAX_FEED_BYTES,
} from './admin-advisories.ts'
export { type DeviceKeyFault, type DeviceKeyImport, type DeviceKeyView, MAX_DEVICE_KEYS } from './admin-device-keys.ts'
export type { StandingMessageView } from './admin-announcements.ts'
export {
  type InvitationView,
  type IssuedInvitation,
  MAX_MEMBERS_PER_REQUEST,
  type ProtectedUnit,
  type UnitView,
} from './admin-people.ts'
export {
  type Account,
  type ChangedAccount,
  type ContactView,
  type CreatedAccount,
  type ImportResult,
  MAX_IMPORT_ROWS,
  type NewAccount,
} from './admin-accounts.ts'
export type { AuditEntryView, AuditVerdict } from './admin-audit.ts'
export type { ClientExceptionView, NewClientException } from './admin-client-exceptions.ts'
export type { ClientRuleView, NewClientRule, Simulation } from './admin-client-rules.ts'
export {
  type ClientIdentityView,
  type ClientUse,
  type ClientVersion,
  type SessionView,
  STANDINGS,
} from './admin-clients.ts'
export type { HeldMessageView } from './admin-held.ts'
export type { ImageRenewalView } from './admin-images.ts'
export { type PlaybookDocument, type PlaybookView, playbookDocument } from './admin-playbooks.ts'
export {
  type PolicyDocument,
  type PolicySections,
  type PolicyStepView,
  type RuleDocument,
  policyDocument,
} from './admin-policy.ts'
export type { NewRecall, RecallView } from './admin-recalls.ts'
export type { RoomView } from './admin-rooms.ts'
export type { Check, Status } from './admin-status.ts'
export { TRAFFIC_COUNTS, TRAFFIC_KINDS, type TrafficCount, type TrafficKind } from './admin-traffic.ts'
export type { ClientPostureView } from './admin-client-posture.ts'
export type { ApprovalRequestView } from './admin-approvals.ts'
export {
  type HeldQueue,
  type IncidentRecord,
  type NameWarning,
  type NewSuspension,
  RELEASES,
  type Release,
  type SuspensionImpact,
  type SuspensionView,
} from './admin-suspensions.ts'
export { type AdminEvent, EVENT_TOPICS, type EventTopic } from './admin-events.ts'
export { CLAIMED_USER_HEADER, claimedUserFrom } from './claimed-user.ts'
export type { PolicyChangeView } from './admin-nodes.ts'
export { type Effect, type NodeEffectView, accountName, instant, nameParams, password } from './admin-values.ts'
export { buildOpenapi } from './openapi.ts'
export * from './sentence.ts'
export * from './status.ts'
