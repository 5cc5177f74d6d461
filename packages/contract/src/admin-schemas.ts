import {
  CLIENT_POSTURES,
  conditionFields,
  EVIDENCE_TIERS,
  RULE_ACTIONS,
  RULE_PRESETS,
  SUSPENSION_MODES,
  suspensionExemptions,
  suspensionScope,
  suspensionTexts,
} from '@drawbridge/policy'
import { z } from 'zod'
import { ROLES } from './roles.ts'
import { IMAGE_FORMATS } from './sanitize.ts'
import { sandboxStatus } from './sanitizer-health.ts'

// Requests are strict: a key that nobody declared is refused, so nothing can be assigned by the way. Responses are
// strict too, so that a field nobody meant to publish fails a test.

/** An instant as RFC 3339 with a zone. */
export const instant = z.iso.datetime({ offset: true })

// eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
const NOT_IN_A_NAME = /["&'/:<>@\s\u0000-\u001f\u007f]/u

/** A localpart (RFC 7622 §3.3); the server prepares it with PRECIS and may still refuse it. */
export const accountName = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => !name.includes('@'), { error: 'contains an @: leave off the domain', abort: true })
  .refine((name) => !NOT_IN_A_NAME.test(name), {
    error: ({ input }) =>
      `contains a character that no account name may have: ${JSON.stringify(NOT_IN_A_NAME.exec(String(input))?.[0])}`,
  })

/** 1 KiB at most before hashing. What is too short or common is refused as `weak-password`, which says what is needed. */
export const password = z.string().min(1).max(1024)

export const text = (max: number) => z.string().trim().min(1).max(max)
const id = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'is not an id')

export const account = z
  .strictObject({
    name: accountName,
    displayName: z.string().optional().meta({ description: 'The name the company gives the person.' }),
    isAdmin: z.boolean(),
    isBreakGlass: z.boolean(),
    isDisabled: z.boolean(),
    roles: z.array(z.enum(ROLES)).readonly().meta({ description: '`administrator` is what isAdmin says.' }),
    administers: z.array(z.string()).readonly().meta({ description: 'Units that a unit administrator looks after.' }),
    createdAt: instant,
  })
  .meta({ id: 'Account' })

export const newAccount = z
  .strictObject({
    name: accountName,
    password: password.optional().meta({ description: 'Absent: the server makes one and returns it once.' }),
    isAdmin: z.boolean().optional(),
  })
  .meta({ id: 'NewAccount' })

export const createdAccount = z
  .strictObject({ account, password: z.string().optional().meta({ description: 'Only when the server made it.' }) })
  .meta({ id: 'CreatedAccount' })

/** Most rows of one import request; a client splits longer files. */
export const MAX_IMPORT_ROWS = 100

export const importResult = z
  .strictObject({
    name: z.string(),
    outcome: z.enum(['created', 'exists', 'invalid']),
    password: z.string().optional(),
    code: z.string().optional().meta({ description: 'Error code of a row that is invalid.' }),
    reason: z.string().optional().meta({ description: 'Why a row is invalid, as a sentence.' }),
  })
  .meta({ id: 'ImportResult' })

export const changedAccount = z.strictObject({ account, closedSessions: z.int().min(0) }).meta({ id: 'ChangedAccount' })

/** As its owner sees it (RFC 6121 §2.1.2). */
export const contact = z
  .strictObject({
    jid: z.string(),
    name: z.string().optional(),
    groups: z.array(z.string()).readonly(),
    subscription: z.enum(['none', 'to', 'from', 'both']),
  })
  .meta({ id: 'Contact' })

export const clientIdentity = z
  .strictObject({
    family: z.string().optional(),
    version: z.string().optional(),
    build: z.string().optional(),
    os: z.string().optional(),
    tier: z.enum(EVIDENCE_TIERS),
    source: z.string(),
    isSuspect: z.boolean(),
  })
  .meta({ id: 'ClientIdentity' })

export const session = z
  .strictObject({
    id: z.string(),
    account: z.string(),
    jid: z.string(),
    state: z
      .enum(['connected', 'waiting'])
      .meta({ description: '`waiting`: the client is away and may resume (XEP-0198).' }),
    client: clientIdentity,
    transport: z.string(),
    address: z.string().optional(),
    since: instant,
  })
  .meta({ id: 'Session' })

const updateUrl = z
  .url({ protocol: /^https?$/u })
  .max(2048)
  .meta({ description: 'Where the update is.' })

/** Whom a rule or an exception is about. */
const conditions = {
  family: conditionFields.family.meta({ description: 'As `client list` shows it, like gajim; * for every family.' }),
  from: conditionFields.from.meta({ description: 'First version that is meant.' }),
  below: conditionFields.below.meta({ description: 'First version that is not meant any more, like 4.2.1.' }),
  os: conditionFields.os.meta({ description: 'Operating systems, like windows or android.' }),
  belowTier: conditionFields.belowTier.meta({ description: 'Only clients known less well than this.' }),
  units: conditionFields.units.meta({ description: 'Only accounts in one of these units.' }),
  accounts: conditionFields.accounts.meta({ description: 'Only these accounts.' }),
  networks: conditionFields.networks.meta({ description: 'Only clients from these networks, like 10.1.0.0/16.' }),
  activeFrom: instant.optional().meta({ description: 'Acts from here on.' }),
  activeUntil: instant.optional().meta({ description: 'And no longer from here on.' }),
} as const

const ruleFields = {
  ...conditions,
  priority: z
    .int()
    .min(0)
    .max(9_999)
    .optional()
    .meta({ description: 'Smaller numbers are asked first; the first rule that matches decides. Default 100.' }),
  action: z.enum(RULE_ACTIONS).meta({ description: 'How far the rule climbs its ladder.' }),
  preset: z.enum(RULE_PRESETS).optional().meta({ description: 'How fast it climbs. Default routine.' }),
  deadline: instant
    .optional()
    .meta({ description: 'When it begins to block. Default: as far ahead as its preset says.' }),
  formats: z
    .array(z.enum(IMAGE_FORMATS))
    .max(IMAGE_FORMATS.length)
    .readonly()
    .optional()
    .meta({ description: 'Image formats that `degrade` withholds.' }),
  url: updateUrl.optional(),
} as const

export const newClientRule = z
  .strictObject({
    ...ruleFields,
    isShadowAccepted: z
      .boolean()
      .optional()
      .meta({ description: 'Save it although other rules keep it, or it keeps others, from ever deciding.' }),
    simulation: z
      .string()
      .max(512)
      .optional()
      .meta({ description: 'What a dry run of the same rule returned: needed for rules that block, except locally.' }),
  })
  .meta({ id: 'NewClientRule' })

export const ruleStage = z.strictObject({ stage: z.enum(RULE_ACTIONS), at: instant }).meta({ id: 'RuleStage' })

export const clientRule = z
  .strictObject({
    id: z.string(),
    ...ruleFields,
    priority: z.int(),
    preset: z.enum(RULE_PRESETS),
    createdAt: instant,
    createdBy: z.string(),
    stage: z.enum(RULE_ACTIONS).optional().meta({ description: 'The stage now in force; absent before the first.' }),
    stages: z.array(ruleStage).readonly(),
    ceiling: z
      .strictObject({ stage: z.enum(RULE_ACTIONS), reason: z.string() })
      .optional()
      .meta({ description: 'It has fallen back and climbs no further than this until it is released.' }),
    confirmBy: instant.optional().meta({ description: 'Without confirmation it stops blocking here.' }),
    confirmedAt: instant.optional(),
    confirmedBy: z.string().optional(),
  })
  .meta({ id: 'ClientRule' })

export const ruleCeiling = z
  .strictObject({ stage: z.enum(RULE_ACTIONS), reason: text(500) })
  .meta({ id: 'RuleCeiling' })

/** A rule that keeps another from ever deciding. */
export const ruleShadow = z
  .strictObject({
    rule: z.string(),
    by: z.string(),
    isWeaker: z.boolean().meta({ description: 'The hidden rule is the stricter one.' }),
  })
  .meta({ id: 'RuleShadow' })

export const clientVersion = z
  .strictObject({
    family: z.string().optional().meta({ description: 'Absent: nobody knows what these clients are.' }),
    version: z.string().optional(),
    isUnknown: z.boolean().meta({ description: 'It cannot be named, compared, or contradicts itself.' }),
    people: z.int().min(0),
    sessions: z.int().min(0).meta({ description: 'Sessions that are open now.' }),
    tiers: z.array(z.enum(EVIDENCE_TIERS)).readonly(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'ClientVersion' })

export const clientUse = z
  .strictObject({
    account: z.string(),
    client: clientIdentity,
    address: z.string().optional(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'ClientUse' })

export const clientDay = z
  .strictObject({ day: z.iso.date(), family: z.string(), version: z.string(), people: z.int().min(0) })
  .meta({ id: 'ClientDay' })

export const clientsQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(400).optional().meta({ description: 'How far back. Default 90.' }),
})

export const clientUsesQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(400).optional(),
  family: z.string().max(64).optional(),
  version: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(5_000).optional(),
})

/** One client whose standing a rule would change. */
export const affectedClient = z
  .strictObject({
    account: z.string(),
    isAdmin: z.boolean(),
    isBreakGlass: z.boolean().meta({ description: 'True: it is let in all the same.' }),
    client: clientIdentity,
    isLive: z.boolean(),
    seenAt: instant,
    before: z.enum(RULE_ACTIONS).optional(),
    after: z.enum(RULE_ACTIONS).optional(),
    hasOther: z.boolean().meta({ description: 'Was seen with another client that stays allowed.' }),
  })
  .meta({ id: 'AffectedClient' })

export const simulation = z
  .strictObject({
    token: z
      .string()
      .meta({ description: 'Proof that this rule was simulated, for an hour: pass it when you save it.' }),
    sessions: z.int().min(0).meta({ description: 'Live sessions that the rule reaches.' }),
    people: z.int().min(0).meta({ description: 'People it reaches, now or by what they used in the last 90 days.' }),
    stranded: z.int().min(0).meta({ description: 'Of those, people who were seen with no client that stays allowed.' }),
    administrators: z.array(z.string()).readonly(),
    breakGlass: z.array(z.string()).readonly(),
    versions: z
      .array(z.strictObject({ family: z.string(), version: z.string().optional(), people: z.int(), sessions: z.int() }))
      .readonly(),
    affected: z.array(affectedClient).readonly().meta({ description: 'The first 500, the strictest first.' }),
    shadows: z.array(ruleShadow).readonly(),
    isSelfLockOut: z.boolean().meta({ description: 'It would lock out whoever asks, or every administrator.' }),
  })
  .meta({ id: 'Simulation' })

export const clientPosture = z
  .strictObject({
    posture: z
      .enum(CLIENT_POSTURES)
      .meta({ description: '`discover` lets them in and counts them, `enforce` blocks them.' }),
  })
  .meta({ id: 'ClientPosture' })

export const newClientException = z
  .strictObject({
    ...conditions,
    rule: id.optional().meta({ description: 'Absent: any rule, the one for unknown clients included.' }),
    reason: text(500),
    until: instant.optional().meta({ description: 'Default: 14 days from now.' }),
  })
  .meta({ id: 'NewClientException' })

export const clientException = z
  .strictObject({
    id: z.string(),
    ...conditions,
    rule: z.string().optional(),
    reason: z.string(),
    createdAt: instant,
    createdBy: z.string(),
    approvedBy: z.string().optional(),
    until: instant,
  })
  .meta({ id: 'ClientException' })

/** What a policy change did on this node, measured from its commit. */
/** What became of an epoch of the rules on one node. */
export const nodeEffect = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    state: z.enum(['applied', 'pending', 'expired']).meta({
      description: '`expired`: it has not applied the change, and cannot act either: its lease is over, or it stopped.',
    }),
    appliedMs: z.number().min(0).optional().meta({ description: 'Commit to effect there, in milliseconds.' }),
    disconnected: z.int().min(0),
    notified: z.int().min(0),
  })
  .meta({ id: 'NodeEffect' })

/** A server process that shares the database with others. */
export const policyNode = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    startedAt: instant,
    seenAt: instant.meta({ description: 'When it last renewed its lease.' }),
    epoch: z.int(),
    isAlive: z.boolean(),
    isSelf: z.boolean().meta({ description: 'It is the one that answers.' }),
  })
  .meta({ id: 'PolicyNode' })

export const effect = z
  .strictObject({
    epoch: z.int().min(0),
    appliedMs: z.number().min(0).meta({ description: 'Commit to effect on live sessions, in milliseconds.' }),
    disconnected: z.int().min(0),
    notified: z.int().min(0),
    nodes: z.array(nodeEffect).readonly().meta({ description: 'Every node that was alive, by name.' }),
  })
  .meta({ id: 'Effect' })

/** How the queue of a suspension ends. */
export const RELEASES = ['in-order', 'rescan', 'review', 'discard'] as const
export type Release = (typeof RELEASES)[number]

/** What users are told, where and how, and whom a suspension leaves alone. */
export const suspensionFields = {
  scopes: z.array(suspensionScope).min(1).max(32).readonly().meta({
    description:
      '`service`; a feature (messages, images, files, rooms, presence, search, federation, registration, push, bots); or group:UNIT, room:JID, peer:DOMAIN, client:FAMILY, zone:CIDR, hash:SHA256, format:NAME.',
  }),
  mode: z.enum(SUSPENSION_MODES),
  reason: text(500).meta({ description: 'Shown to users.' }),
  reasons: suspensionTexts.optional().meta({ description: 'The same in other languages, by language tag.' }),
  internalReason: text(2_000).optional().meta({ description: 'Shown to administrators only.' }),
  exemptions: suspensionExemptions.partial().optional(),
} as const

export const newSuspension = z
  .strictObject({
    ...suspensionFields,
    start: instant.optional().meta({ description: 'When it begins. Absent: now.' }),
    until: instant.optional().meta({ description: 'When it ends by itself. Absent: a person ends it.' }),
    reviewAt: instant.optional().meta({
      description: 'When approvers are reminded of it. Absent: 60 minutes after its start, if it has no end.',
    }),
    isEmergency: z.boolean().optional().meta({
      description: 'Starts at once for at most 60 minutes where a second person would have to agree first.',
    }),
    isDrill: z.boolean().optional().meta({ description: 'Is measured and recorded, and has no effect.' }),
  })
  .meta({ id: 'NewSuspension' })

export const heldQueue = z
  .strictObject({ count: z.int().min(0), oldestAt: instant.optional() })
  .meta({ id: 'HeldQueue' })

export const suspension = z
  .strictObject({
    id: z.string(),
    ...suspensionFields,
    reasons: suspensionTexts,
    internalReason: z.string(),
    exemptions: suspensionExemptions,
    state: z.enum(['scheduled', 'active', 'ended']),
    since: instant,
    until: instant.optional(),
    wantedUntil: instant.optional().meta({ description: 'Its end, once a second person confirms the emergency.' }),
    reviewAt: instant.optional(),
    isDrill: z.boolean(),
    isEmergency: z.boolean(),
    startedBy: z.string(),
    approvedBy: z.array(z.string()).readonly(),
    playbook: z.string().optional(),
    endedAt: instant.optional(),
    endedBy: z.string().optional(),
    release: z.enum(RELEASES).optional(),
    held: heldQueue,
    released: z.int().min(0),
    discarded: z.int().min(0),
    reviewDueAt: instant
      .optional()
      .meta({ description: 'Started by one person alone: somebody has to look at it by then.' }),
    reviewedAt: instant.optional(),
    reviewedBy: z.string().optional(),
    reviewNote: z.string().optional(),
    measured: z.record(z.string(), z.unknown()).meta({ description: 'What a drill has found.' }),
  })
  .meta({ id: 'Suspension' })

/** What a recall is about: everything that it names must hold. */
const recallFields = {
  hashes: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[0-9a-f]{64}$/u, 'is not a SHA-256 in hexadecimal digits'),
    )
    .min(1)
    .max(1_000)
    .readonly()
    .optional()
    .meta({ description: 'SHA-256 of files, as they were sent or as they are served.' }),
  senders: z.array(accountName).min(1).max(1_000).readonly().optional(),
  formats: z.array(z.enum(IMAGE_FORMATS)).min(1).readonly().optional().meta({ description: 'As they are served.' }),
  room: z.string().min(3).max(3071).optional().meta({ description: 'What was shared in this room until now.' }),
  sentFrom: instant.optional(),
  sentUntil: instant.optional(),
} as const

export const newRecall = z
  .strictObject({ ...recallFields, reason: text(500).meta({ description: 'Shown to users.' }) })
  .refine((recall) => Object.keys(recallFields).some((key) => Object.hasOwn(recall, key)), {
    error: 'says nothing about which files: name a hash, sender, room, format or time',
  })
  .meta({ id: 'NewRecall' })

export const recall = z
  .strictObject({
    id: z.string(),
    hashes: z.array(z.string()).readonly().optional(),
    uploads: z.int().optional().meta({ description: 'How many files of a room it names.' }),
    senders: z.array(z.string()).readonly().optional(),
    formats: z.array(z.string()).readonly().optional(),
    sentFrom: instant.optional(),
    sentUntil: instant.optional(),
    reason: z.string(),
    since: instant,
    startedBy: z.string(),
    endedAt: instant.optional(),
    endedBy: z.string().optional(),
  })
  .meta({ id: 'Recall' })

export const censusRow = z
  .strictObject({
    day: z.iso.date(),
    profile: z.string(),
    inputFormat: z.string(),
    outcome: z.string(),
    reason: z.string(),
    features: z.array(z.string()).readonly(),
    decoder: z.string(),
    encoder: z.string(),
    images: z.int(),
    bytesIn: z.int(),
    bytesOut: z.int(),
  })
  .meta({ id: 'ImageCensusRow' })

export const newImageRenewal = z
  .strictObject({
    isEverything: z.boolean().optional().meta({ description: 'Also what the encoders of today have made.' }),
  })
  .meta({ id: 'NewImageRenewal' })

export const imageRenewal = z
  .strictObject({
    id: z.string(),
    state: z.enum(['running', 'done', 'stopped']),
    startedBy: z.string(),
    startedAt: instant,
    endedAt: instant.optional(),
    total: z.int().min(0),
    renewed: z.int().min(0),
    kept: z.int().min(0),
    failed: z.int().min(0),
  })
  .meta({ id: 'ImageRenewal' })

export const check = z
  .strictObject({ name: z.string(), isOk: z.boolean(), detail: z.string().optional() })
  .meta({ id: 'Check' })

export const status = z
  .strictObject({
    state: z.enum(['ok', 'degraded', 'suspended']),
    version: z.string(),
    domain: z.string(),
    startedAt: instant,
    sessions: z.int().min(0).meta({ description: 'Connected sessions; those that wait for resumption do not count.' }),
    accounts: z.int().min(0),
    policy: z.strictObject({
      epoch: z.int().min(0),
      posture: z.enum(CLIENT_POSTURES),
      clientRules: z.int().min(0),
      isStale: z.boolean().meta({ description: 'True: the rules cannot be read, so sends are refused.' }),
      lastEffectMs: z.number().optional(),
    }),
    suspensions: z.array(suspension).readonly(),
    held: heldQueue,
    checks: z.array(check).readonly(),
    sandbox: sandboxStatus
      .optional()
      .meta({ description: 'What holds hostile image decoders; absent while the sanitizer does not answer.' }),
  })
  .meta({ id: 'Status' })

export const auditEntry = z
  .strictObject({
    position: z.int().min(1),
    at: instant,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    details: z.record(z.string(), z.unknown()),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' })

/** Paging: `cursor` is what the page before returned as `next`; opaque. */
export const pageQuery = z.strictObject({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
})

export const auditQuery = pageQuery.extend({
  actor: z.string().max(3071).optional().meta({ description: 'Only what this one did.' }),
  action: z.string().max(64).optional(),
  target: z.string().max(3071).optional().meta({ description: 'Only what was done to this.' }),
  from: instant.optional(),
  until: instant.optional(),
})

export const auditExport = z
  .strictObject({
    key: z.string().meta({ description: "The server's Ed25519 public key, 32 bytes as base64url." }),
    entries: z.array(auditEntry).readonly(),
    next: z.int().optional().meta({ description: 'Pass it as `after`; absent after the last row.' }),
    head: z
      .strictObject({ position: z.int(), hash: z.string() })
      .optional()
      .meta({ description: 'With the last rows.' }),
    checkpoints: z
      .array(
        z.strictObject({
          position: z.int(),
          hash: z.string(),
          at: instant,
          keyId: z.string(),
          signature: z.string().meta({ description: 'Base64.' }),
        }),
      )
      .readonly()
      .optional()
      .meta({ description: 'All of them, with the last rows.' }),
  })
  .meta({ id: 'AuditExport' })

export const auditVerdict = z
  .strictObject({
    isIntact: z.boolean(),
    checked: z.int().min(0),
    checkpoints: z.int().min(0).optional().meta({ description: 'Signatures of this server that were checked.' }),
    brokenAt: z.int().optional().meta({ description: 'Position of the first row that does not fit.' }),
    reason: z.string().optional(),
  })
  .meta({ id: 'AuditVerdict' })

export const report = z
  .strictObject({
    id: z.string(),
    at: instant,
    reporter: z.string().meta({ description: 'Bare JID of the user who blocked somebody.' }),
    reported: z.string().meta({ description: 'The address that was blocked.' }),
    reason: z.string().meta({ description: 'A URN of XEP-0377, such as urn:xmpp:reporting:spam.' }),
    text: z.string().optional().meta({ description: 'What the user says about it.' }),
    messageIds: z
      .array(z.string())
      .readonly()
      .meta({ description: 'Messages reported: ids in the archive of the reporter.' }),
  })
  .meta({ id: 'Report' })

export const signIn = z
  .strictObject({
    name: accountName,
    password: z.string().min(1).max(1024),
    code: z
      .string()
      .min(6)
      .max(32)
      .optional()
      .meta({ description: 'Of the authenticator, or one from paper. Needed where a second factor is enrolled.' }),
  })
  .meta({ id: 'SignIn' })

export const nameParams = z.strictObject({ name: accountName })
export const idParams = z.strictObject({ id })

export type Account = z.infer<typeof account>
export type NewAccount = z.infer<typeof newAccount>
export type CreatedAccount = z.infer<typeof createdAccount>
export type ImportResult = z.infer<typeof importResult>
export type ChangedAccount = z.infer<typeof changedAccount>
export type ClientIdentityView = z.infer<typeof clientIdentity>
export type SessionView = z.infer<typeof session>
export type NewClientRule = z.infer<typeof newClientRule>
export type ClientVersion = z.infer<typeof clientVersion>
export type ContactView = z.infer<typeof contact>
export type ClientUse = z.infer<typeof clientUse>
export type Simulation = z.infer<typeof simulation>
export type RuleShadow = z.infer<typeof ruleShadow>
export type NewClientException = z.infer<typeof newClientException>
export type ClientExceptionView = z.infer<typeof clientException>
export type ClientRuleView = z.infer<typeof clientRule>
export type Effect = z.infer<typeof effect>
export type NodeEffectView = z.infer<typeof nodeEffect>
export type PolicyNodeView = z.infer<typeof policyNode>
export type NewSuspension = z.infer<typeof newSuspension>
export type SuspensionView = z.infer<typeof suspension>
export type NewRecall = z.infer<typeof newRecall>
export type RecallView = z.infer<typeof recall>
export type ImageRenewalView = z.infer<typeof imageRenewal>
export type HeldQueue = z.infer<typeof heldQueue>
export type Check = z.infer<typeof check>
export type Status = z.infer<typeof status>
export type AuditEntryView = z.infer<typeof auditEntry>
export type AuditVerdict = z.infer<typeof auditVerdict>
