import { Refusal } from '@drawbridge/contract'
import {
  compile,
  compileExemptions,
  decide,
  NO_IDENTITY,
  policySettings,
  requiredTier,
  staleVerdict,
} from '@drawbridge/policy'
import type {
  AccountFacts,
  ClientIdentity,
  EvidenceTier,
  Finding,
  FindSpared,
  Policy,
  PolicySettings,
  Question,
  Questions,
  RuleName,
  SuspensionSetting,
  Verdict,
} from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import type { BreakGlassUse } from './break-glass.ts'
import { countVerdict, setEpoch } from './events.ts'

export interface GateOptions {
  readonly log: Log
  /** How long the rules count as current after they were last read, in milliseconds. */
  readonly leaseTtlMs: number
  /** Monotonic clock in milliseconds. */
  readonly monotonic?: () => number
  /** Clock of the day in milliseconds. It goes on while a machine sleeps, which the monotonic one need not. */
  readonly wall?: () => number
  /** Whether an account passes everything from this address. Default: as it says itself, from everywhere. */
  readonly isBreakGlass?: (account: AccountFacts, address: string | undefined) => boolean
  /** Hears of each pass that only a break-glass account gets. */
  readonly onBreakGlass?: (use: BreakGlassUse) => void
  /** Names of the units that an account is in. Default: nobody is in any. */
  readonly unitsOf?: (localpart: string) => readonly string[]
  /** Rooms of these, by their bare JIDs, that an account is a member of. Default: none. */
  readonly roomsOf?: (localpart: string, rooms: readonly string[]) => readonly string[]
  /** Hears whom a client rule keeps out, or has just sent away. */
  readonly onLockOut?: (rule: string, localpart: string) => void
  /** Hears whose client was not let in because of what it is, once they have shown who they are. */
  readonly onClientRefused?: (localpart: string, client: ClientIdentity, address: string | undefined) => void
  /** Hears what a drill would have said. */
  readonly onDrill?: (suspensionId: string, question: Question, verdict: Verdict) => void
  /** Hears of each pass that only an exemption gives. @param who - the exemption, as it is written */
  readonly onSpared?: (suspensionId: string, who: string) => void
}

/**
 * The rules in force on this node. It refuses everything until it has heard from the database, and again when it has not
 * heard from it for as long as the lease lasts.
 */
export class Gate {
  readonly #options: Required<GateOptions>
  readonly #waiting: { readonly epoch: number; readonly resolve: () => void }[] = []
  #policy: Policy = compile({})
  #settings: PolicySettings = policySettings.parse({})
  #asksForUnits = false
  /** Rooms that some suspension names: who is in them is looked up only then. */
  #rooms: readonly string[] = []
  #spared: FindSpared | undefined
  #epoch = -1
  #holds = 0
  #leaseUntil = Number.NEGATIVE_INFINITY
  #leaseUntilWall = Number.NEGATIVE_INFINITY
  /** The epoch that the lease was last renewed for. */
  #leaseEpoch = -1
  #term = 0
  #renewed: PromiseWithResolvers<void> | undefined
  #opened: PromiseWithResolvers<void> | undefined

  constructor(options: GateOptions) {
    this.#options = {
      monotonic: () => performance.now(),
      wall: () => Date.now(),
      isBreakGlass: ({ isBreakGlass }) => isBreakGlass,
      onBreakGlass: () => undefined,
      unitsOf: () => [],
      roomsOf: () => [],
      onLockOut: () => undefined,
      onClientRefused: () => undefined,
      onDrill: () => undefined,
      onSpared: () => undefined,
      ...options,
    }
  }

  get policy(): Policy {
    return this.#policy
  }

  get settings(): PolicySettings {
    return this.#settings
  }

  /** Read it before asking: a message decided under an older epoch than the committed one is not written. */
  get epoch(): number {
    return this.#epoch
  }

  /** How often something was held since the start: other than before when there is more to be released. */
  get holds(): number {
    return this.#holds
  }

  /** The lease has run out: nobody knows here whether the rules are still the ones in force. */
  get isStale(): boolean {
    return this.#options.monotonic() >= this.#leaseUntil || this.#options.wall() >= this.#leaseUntilWall
  }

  /** For how long the lease has been over, in milliseconds; 0 while it lasts, and before there was one. */
  get lapsedMs(): number {
    const overMs = this.#options.monotonic() - this.#leaseUntil
    return Number.isFinite(overMs) ? Math.max(0, overMs) : 0
  }

  /** See `Lease`. */
  get term(): number {
    return this.#term
  }

  /** See `Lease`. */
  async renewed(): Promise<void> {
    if (this.isStale) await (this.#renewed ??= Promise.withResolvers()).promise
  }

  /** Some rule depends on what a client is, so it is worth waiting for its answer. */
  get asksForClient(): boolean {
    const { posture, clientRules } = this.#settings
    return posture === 'enforce' || clientRules.length > 0 || this.#hasProtected
  }

  /** How well the client of somebody must be known (control §3.1). */
  requiredTier({ localpart }: Pick<AccountFacts, 'localpart'>): EvidenceTier {
    return this.#hasProtected ? requiredTier(this.#settings.minimumTiers, { units: this.unitsOf(localpart) }) : 'E1'
  }

  get #hasProtected(): boolean {
    return Object.keys(this.#settings.minimumTiers).length > 0
  }

  /** Names of the units that an account is in. */
  unitsOf(localpart: string): readonly string[] {
    return this.#options.unitsOf(localpart)
  }

  /** Whether the members of this room, by its bare JID, are spared by some suspension. */
  sparesMembersOf(room: string): boolean {
    return this.#settings.suspensions.some(({ exemptions }) => exemptions.rooms.includes(room))
  }

  /** What rules know about an account that something goes to; nothing while none of them asks for units. */
  recipientFactsOf<A extends AccountFacts>({ localpart, isBreakGlass }: A) {
    return this.#asksForUnits ? { localpart, isBreakGlass, units: this.#options.unitsOf(localpart) } : undefined
  }

  /**
   * What rules know about an account that comes from here: units and rooms are looked up only while some rule asks for
   * them.
   */
  factsOf<A extends AccountFacts>(account: A, address?: string): AccountFacts {
    const { isBreakGlass, unitsOf, roomsOf } = this.#options
    const isPassing = isBreakGlass(account, address)
    const known = isPassing === account.isBreakGlass ? account : { ...account, isBreakGlass: isPassing }
    if (!this.#asksForUnits && this.#rooms.length === 0) return known
    const units = this.#asksForUnits ? { units: unitsOf(account.localpart) } : {}
    const rooms = this.#rooms.length > 0 ? { rooms: roomsOf(account.localpart, this.#rooms) } : {}
    return { ...known, ...units, ...rooms }
  }

  /** The same with everything, for an answer that is to be explained, or that these suspensions are to give. */
  allFactsOf<A extends AccountFacts>(
    account: A,
    address?: string,
    suspensions?: readonly SuspensionSetting[],
  ): AccountFacts {
    const { unitsOf, roomsOf } = this.#options
    const { localpart } = account
    const rooms = suspensions?.flatMap(roomsNamedBy) ?? this.#rooms
    return { ...this.factsOf(account, address), units: unitsOf(localpart), rooms: roomsOf(localpart, rooms) }
  }

  /** Replaces the rules whole. Throws when the settings are not valid; then nothing has changed. */
  replace(settings: PolicySettings, epoch: number): void {
    this.#policy = compile(settings)
    this.#settings = settings
    const { clientRules, exceptions, suspensions } = settings
    this.#asksForUnits =
      this.#hasProtected ||
      [...clientRules, ...exceptions].some(({ units }) => units !== undefined) ||
      clientRules.some(({ rings }) => rings !== undefined) ||
      suspensions.some(
        ({ scopes, exemptions }) => exemptions.units.length > 0 || scopes.some((scope) => scope.startsWith('group:')),
      )
    this.#spared = compileExemptions(suspensions)
    this.#rooms = [...new Set(suspensions.flatMap(roomsNamedBy))]
    this.#epoch = epoch
    setEpoch(epoch)
    for (const waiter of this.#waiting.splice(0)) {
      if (waiter.epoch <= epoch) waiter.resolve()
      else this.#waiting.push(waiter)
    }
  }

  /** Extends the lease. @param sentAt - monotonic instant at which the database was *asked*, not when it answered. */
  renew(sentAt: number): void {
    const { monotonic, wall, leaseTtlMs } = this.#options
    if (this.isStale && this.#leaseEpoch !== this.#epoch) this.#term++
    this.#leaseEpoch = this.#epoch
    this.#leaseUntil = Math.max(this.#leaseUntil, sentAt + leaseTtlMs)
    this.#leaseUntilWall = wall() - (monotonic() - sentAt) + leaseTtlMs
    if (this.isStale) return
    this.#renewed?.resolve()
    this.#renewed = undefined
  }

  /** Gives the lease up: the next answer is a refusal until it is renewed. */
  expire(): void {
    this.#leaseUntil = Number.NEGATIVE_INFINITY
  }

  /** The rules are about to change: whoever sends a message waits for `whenOpen` before asking. */
  get isChanging(): boolean {
    return this.#opened !== undefined
  }

  /** Resolves when the change under way is through, for all who wait in the order in which they came. */
  async whenOpen(): Promise<void> {
    await this.#opened?.promise
  }

  /** Makes senders wait until the returned function is called. One change at a time. */
  close(): () => void {
    const opened = Promise.withResolvers<void>()
    this.#opened = opened
    return () => {
      this.#opened = undefined
      opened.resolve()
    }
  }

  /**
   * Resolves when this epoch, or a later one, is in force here: for a message that must be decided anew. After the
   * lease's length it resolves anyway, since by then the gate refuses.
   */
  async reach(epoch: number): Promise<void> {
    if (this.#epoch >= epoch) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.leaseTtlMs)
      this.#waiting.push({
        epoch,
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
      })
    })
  }

  /** Notes what only exemptions have let through. */
  spared<Q extends Question>(question: Q, facts: Questions[Q]): void {
    for (const { suspension, who } of this.#spared?.(question, facts) ?? []) this.#options.onSpared(suspension, who)
  }

  /** Notes that a break-glass account has passed where others had not. */
  passed(use: BreakGlassUse): void {
    this.#options.onBreakGlass(use)
  }

  /** Notes that a client rule keeps somebody out. */
  lockedOut(rule: string, localpart: string): void {
    this.#options.onLockOut(rule, localpart)
  }

  /** Counts and logs one answer. Who it was about is in the log only. */
  record(question: Question, rule: RuleName | 'lease', { mode, verdict }: Omit<Finding, 'rule'>, facts: object): void {
    if (verdict.action === 'pass') return
    countVerdict({ question, rule, action: verdict.action, mode })
    if (rule === 'suspension' && mode === 'observe') {
      const drill = suspensionOf(verdict)
      if (drill !== undefined) this.#options.onDrill(drill, question, verdict)
    }
    const { account, client = NO_IDENTITY, address } = partiesOf(facts)
    const isOpening = question === 'session.open' || question === 'session.resume'
    const isAboutClient = rule === 'client-version' || rule === 'client-unknown'
    if (isAboutClient && mode === 'enforce' && account && verdict.action === 'refuse') {
      const { rule: id } = verdict.details
      if (id !== undefined && verdict.code !== 'media-withheld') this.lockedOut(id, account.localpart)
      if (isOpening) this.#options.onClientRefused(account.localpart, client, address)
    }
    if (mode === 'enforce' && verdict.action === 'hold') this.#holds++
    const fields = { question, rule, mode, ...verdict, ...subjectOf(facts) }
    // Sign-ins that fail are news; the stanzas of a suspended service are not, one by one.
    if (mode === 'enforce' && isOpening) {
      this.#options.log.info('policy refused', fields)
    } else this.#options.log.debug('policy answered', fields)
  }
}

/** Asks the rules in force and records what they found. The only caller of `decide` in this app. */
export function ask<Q extends Question>(gate: Gate, question: Q, facts: Questions[Q]): Verdict {
  if (gate.isStale) {
    const verdict = staleVerdict(question, facts)
    gate.record(question, 'lease', { mode: 'enforce', verdict }, facts)
    return verdict
  }
  const { account, address } = partiesOf(facts)
  const known = account ? { ...facts, account: gate.factsOf(account, address) } : facts
  const { verdict, findings } = decide(gate.policy, question, known)
  for (const finding of findings) gate.record(question, finding.rule, finding, facts)
  if (verdict.action === 'pass') gate.spared(question, known)
  if (account && partiesOf(known).account?.isBreakGlass && verdict.action === 'pass') {
    const others = { ...known, account: { ...gate.factsOf(account, address), isBreakGlass: false } }
    const { verdict: without } = decide(gate.policy, question, others)
    if (without.action !== 'pass') {
      gate.passed({ localpart: account.localpart, question, address, verdict: without })
    }
  }
  return verdict
}

/** What the rules said, as something the edges can tell, for what cannot be held: what must wait is refused. */
export function refusalOf(verdict: Exclude<Verdict, { readonly action: 'pass' }>): Refusal {
  if (verdict.action !== 'refuse') return new Refusal('suspended')
  return new Refusal(verdict.code, { details: verdict.details, cause: verdict.reason })
}

function partiesOf(facts: object) {
  return facts as {
    readonly account?: AccountFacts | undefined
    readonly client?: ClientIdentity | undefined
    readonly address?: string | undefined
  }
}

/** Rooms whose members a suspension treats in a way of their own. */
function roomsNamedBy({ scopes, exemptions }: SuspensionSetting): readonly string[] {
  const inScope = scopes.flatMap((scope) => (scope.startsWith('room:') ? [scope.slice('room:'.length)] : []))
  return [...exemptions.rooms, ...inScope]
}

/** Which suspension an answer comes from. */
function suspensionOf(verdict: Verdict): string | undefined {
  if (verdict.action === 'hold') return verdict.suspensionId
  if (verdict.action === 'refuse') return verdict.details['suspension']
  return verdict.action === 'discard' ? verdict.reason.slice('suspension '.length) : undefined
}

/** Who and with what, as far as the facts know. Never what was said. */
function subjectOf(facts: {
  readonly account?: { readonly localpart: string } | undefined
  readonly client?: { readonly family?: string; readonly version?: string } | undefined
  readonly entrance?: string
}): Record<string, unknown> {
  const { account, client, entrance } = facts
  return { account: account?.localpart, family: client?.family, version: client?.version, entrance }
}
