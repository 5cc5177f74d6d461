import { buildStatus } from '@drawbridge/contract'
import type { StatusDocument } from '@drawbridge/contract'
import { openDatabase } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { hostname } from 'node:os'
import type { AccountFacts } from '@drawbridge/policy'
import { createDrills } from './drills.ts'
import { createExemptionUses } from './exemption-uses.ts'
import { publicSuspensions } from './enforce.ts'
import type { Gate } from './gate.ts'
import { createGuarded } from './guarded.ts'
import type { GuardedOperations } from './guarded.ts'
import { createMeasureImpact } from './impact.ts'
import { createGuardrails } from './guardrails.ts'
import type { Guardrails } from './guardrails.ts'
import { createKeeper } from './keeper.ts'
import { startLivePolicy } from './live.ts'
import { createReleasedElsewhere } from './released-elsewhere.ts'
import type { LiveOptions, LivePolicy } from './live.ts'
import { createNode } from './nodes.ts'
import type { Node } from './nodes.ts'
import { createOperations } from './operations.ts'
import type { Operations, OperationsOptions } from './operations.ts'
import type { OfflineTokens } from './offline-token.ts'
import type { Orders } from './orders.ts'
import { createRuleKeeper } from './rule-keeper.ts'
import type { RuleKeeper } from './rule-keeper.ts'
import { cutsInForce } from './order-desk.ts'
import { createStandalone, learnTokenUses } from './standalone.ts'
import { createStrain } from './strain.ts'
import type { Strain } from './strain.ts'
import type { Standalone } from './standalone.ts'

export interface PolicyService extends AsyncDisposable {
  readonly gate: Gate
  readonly live: LivePolicy
  readonly node: Node
  readonly operations: Operations
  readonly standalone: Standalone
  /** The same for people: as the two-person rule allows it. */
  readonly guarded: GuardedOperations
  close(): Promise<void>
}

/** Whom suspensions may hit, and who decides about them. */
export interface People {
  accounts(): Iterable<AccountFacts>
  /** Localparts of the members of a room, by its bare JID, and of who is in it. */
  peopleIn(room: string): Iterable<string>
  /** Bare JIDs of those who can approve what takes two. */
  approvers(): readonly string[]
  /** Tells these, by their bare JIDs or localparts, of something that they have to look at. */
  tell(text: string, to: readonly string[]): void
}

const NOBODY: People = { accounts: () => [], peopleIn: () => [], approvers: () => [], tell: () => undefined }

export interface PolicyServiceOptions
  extends
    Omit<LiveOptions, 'db' | 'node' | 'onReleased' | 'onTime' | 'onDrill' | 'onLockOut' | 'onSpared'>,
    Pick<OperationsOptions, 'queue'> {
  /** For what changes the rules. */
  readonly db: Db
  /** For listening, where that needs another way to the database than the rest: a pooler passes no notifications. */
  readonly listenUrl?: string | undefined
  /** What works without the database. */
  readonly offline: { readonly orders: Orders; readonly tokens: OfflineTokens }
  /** Who there is. Default: nobody. */
  readonly people?: People
  /** How this node bears changes of the rules. Default: nothing is known of it. */
  readonly strain?: Strain
  /** What administrators call this node. Default: the name of the machine. */
  readonly nodeName?: string | undefined
}

/** Rules are read and the lease is renewed within its length or not at all: a dead connection must not be waited for. */
const RULES_TIMEOUT_MS = 3_000

/** Everything about policy that a node runs. Suspensions whose announced end has come are ended by `local:schedule`. */
export async function startPolicy(options: PolicyServiceOptions): Promise<PolicyService> {
  const { db, log, now = () => new Date(), url, leaseTtlMs, nodeName = hostname(), offline } = options
  // A pool of its own: the lease must be renewed while everything else is busy. Only heartbeats are written over it, and
  // those need not survive a crash.
  const rules = openDatabase(url, {
    maxConnections: 3,
    timeoutMs: RULES_TIMEOUT_MS,
    isDurable: false,
    onError: (error) => log.warn('the connection for rules was lost', { error }),
  })
  const node = createNode({ db: rules.db, name: nodeName, leaseTtlMs, log })
  const { people = NOBODY, roomsOf = () => [] } = options
  const drills = createDrills()
  const uses = createExemptionUses(db, log)
  // The live policy comes first and may find suspensions that are due before there are operations to end them.
  const later: {
    operations?: Operations
    live?: LivePolicy
    standalone?: Standalone
    guardrails?: Guardrails
    rules?: RuleKeeper
  } = {}
  const alert = (text: string, to: readonly string[] = people.approvers()) => {
    log.warn('approvers are alerted', { text, to: to.length })
    people.tell(text, to)
  }
  const keeper = createKeeper({ db, operations: () => later.operations, drills, uses, alert, log })
  const onTime = (at: Date) => {
    keeper.tick(at, (later.live?.gate.settings.suspensions.length ?? 0) > 0)
    later.guardrails?.tick(at)
    later.rules?.tick(at)
  }
  const elsewhere = await createReleasedElsewhere(rules.db, node.id, options.queue, log)
  const live = await startLivePolicy({
    ...options,
    db: rules.db,
    // Before the rules that let the next messages through.
    onLoad: async (from) => {
      await options.onLoad?.(from)
      await elsewhere.catchUp()
      await learnTokenUses(from, offline.orders, now())
    },
    onReleased: () => void elsewhere.catchUp(),
    url: options.listenUrl ?? url,
    node,
    onTime,
    onDrill: drills.hit,
    onSpared: uses.used,
    onLockOut: (rule, localpart) => later.guardrails?.lockedOut(rule, localpart, now()),
    onBreakGlass: (use) => {
      options.onBreakGlass?.(use)
      const rule = use.verdict.action === 'refuse' ? use.verdict.details['rule'] : undefined
      if (rule !== undefined) later.guardrails?.lockedOut(rule, use.localpart, now(), true)
    },
    overrides: () => cutsInForce(offline.orders),
    onCurrent: () => void later.standalone?.reconcile(),
  }).catch(async (error: unknown) => {
    await rules.close()
    throw error
  })
  const operations = createOperations({
    db,
    live,
    node,
    log,
    queue: options.queue,
    now,
  })
  later.operations = operations
  later.live = live
  later.guardrails = createGuardrails({
    db,
    node,
    operations,
    gate: live.gate,
    sessions: options.sessions,
    strain: options.strain ?? createStrain(),
    alert,
    log,
  })
  later.rules = createRuleKeeper({ db, operations, settings: () => live.gate.settings, alert, log })
  const standalone = createStandalone({ db: rules.db, records: db, ...offline, live, node, operations, log, now })
  later.standalone = standalone
  const measure = createMeasureImpact({
    db,
    gate: live.gate,
    accounts: people.accounts,
    sessions: () => options.sessions.list(),
    roomsOf,
    peopleIn: people.peopleIn,
  })
  const guarded = createGuarded({
    db,
    operations,
    measure,
    settings: () => live.gate.settings,
    approvers: people.approvers,
    alert,
    now,
  })
  const close = async () => {
    await live.close()
    await uses.flush()
    await node.close()
    await rules.close()
  }
  return { gate: live.gate, live, node, operations, guarded, standalone, close, [Symbol.asyncDispose]: close }
}

/**
 * The public document at /status.json: a suspended client reads it, and it says nothing that clients are not told.
 *
 * @param retryAfterMs - when whoever asks may come back, if the service is cut off or was a moment ago
 */
export function buildStatusDocument(gate: Gate, retryAfterMs?: number): StatusDocument {
  const status = buildStatus(publicSuspensions(gate.settings.suspensions))
  return retryAfterMs === undefined ? status : { ...status, retryAfterMs }
}
