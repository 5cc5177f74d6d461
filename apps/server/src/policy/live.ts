import {
  APPLIED_CHANNEL,
  AUDIT_CHANNEL,
  getPolicyEpoch,
  listActiveRecalls,
  listActiveSuspensions,
  listClientExceptions,
  listClientRules,
  listen,
  listMediaPolicies,
  POLICY_CHANNEL,
  RELEASED_CHANNEL,
} from '@drawbridge/db'
import type { Db, Suspension } from '@drawbridge/db'
import { changesAfter, policySettings, stageAt } from '@drawbridge/policy'
import type { ClientPosture, PolicySettings, SuspensionSetting } from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import { setTimeout as wait } from 'node:timers/promises'
import { confirmPostureBy, readPosture } from './client-posture.ts'
import { createEnforcer } from './enforce.ts'
import type { EnforceCounts, Enforcer, Forecast, IsGone, LiveSession, LiveSessions } from './enforce.ts'
import { Gate } from './gate.ts'
import type { GateOptions } from './gate.ts'
import { readMinimumTiers } from './minimum-tiers.ts'
import type { Node } from './nodes.ts'
import {
  exceptionInputFrom,
  mediaSettingsFrom,
  recallInputFrom,
  ruleInputFrom,
  suspensionInputFrom,
  suspensionSettingFrom,
} from './stored-rules.ts'

const DAY_MS = 86_400_000

export interface LiveOptions {
  /** Best a pool of its own: rules must be readable while everything else is busy. */
  readonly db: Db
  /** This process among its like: it renews the lease and reports what was applied. */
  readonly node: Node
  /** For the connection that listens for changes. */
  readonly url: string
  /** The posture until somebody sets one. */
  readonly posture: ClientPosture
  readonly leaseTtlMs: number
  readonly sessions: LiveSessions
  readonly log: Log
  /** How often to look even without a notification. Default 1 s. */
  readonly pollMs?: number
  readonly now?: () => Date
  /** Names of the units that an account is in. */
  unitsOf?(localpart: string): readonly string[]
  /** See `GateOptions`. */
  readonly isBreakGlass?: NonNullable<GateOptions['isBreakGlass']>
  readonly onBreakGlass?: NonNullable<GateOptions['onBreakGlass']>
  /** Messages on their way into the archive; see `exclusive`. */
  pendingWrites?(): number
  /** Some node has released what was held. */
  onReleased?(): void
  /** Other files are recalled than before. */
  onRecalls?(): void
  /** Suspensions that this node alone knows of (`standalone.ts`). Default: none. */
  overrides?(): readonly Suspension[]
  /** Told each time before the rules are applied to live sessions. */
  onEnforce?(gate: Gate): void
  /** Reads what else changes with the epoch; if that fails, nothing is applied. */
  onLoad?(db: Db): Promise<void>
  /** Which keys of devices count no more by what a transaction sees. Default: all count. */
  foresee?(tx: Db): Promise<IsGone>
  /** The database has just answered. */
  onCurrent?(): void
  /** Rooms of these that an account is a member of. */
  roomsOf?(localpart: string, rooms: readonly string[]): readonly string[]
  /** Hears what a drill would have said. */
  onDrill?: NonNullable<GateOptions['onDrill']>
  /** Hears whom a client rule keeps out. */
  onLockOut?: NonNullable<GateOptions['onLockOut']>
  readonly onClientRefused?: NonNullable<GateOptions['onClientRefused']>
  /** See `GateOptions`. */
  readonly onSpared?: NonNullable<GateOptions['onSpared']>
  /** Other suspensions are in force than before. */
  onSuspensions?(): void
  /** Told of every look at the clock: planned suspensions begin, others end or want to be looked at. */
  onTime?(at: Date): void
}

/** What applying an epoch did here. */
export interface Applied extends EnforceCounts {
  readonly epoch: number
}

/** What the database tells every node: an epoch was committed, or applied somewhere; something was done. */
export type News =
  | { readonly kind: 'committed' | 'applied'; readonly epoch: number }
  | { readonly kind: 'done'; readonly action: string }
  /** It could not be heard for a while: anything may have happened. */
  | { readonly kind: 'missed' }

/** Keeps the gate in step with the database and live sessions in step with the gate. */
export interface LivePolicy extends AsyncDisposable {
  readonly gate: Gate
  /** Applies the rules in force to a session that was let in, or whose client has just become known. */
  greet(session: LiveSession): void
  /** Applies the rules in force anew, after something changed that they ask for. Returns at once. */
  reconsider(): EnforceCounts
  /** Reads the rules now and applies them; rejects when they cannot be read. */
  refresh(): Promise<Applied>
  /** The same after a change that is made already: a failure is logged, and the next look at the clock tries again. */
  catchUp(): Promise<void>
  /**
   * Runs `work`, which changes the rules, while nobody else does, then applies what it committed. New messages wait at
   * the gate until it is through, and those under way are written before it begins: decided half by the old rules and
   * half by the new, the messages of one sender could overtake each other.
   *
   * @param writtenWithinMs - longest wait for messages under way. A lock-out must not wait for a writer in trouble: the
   *   epoch alone keeps old verdicts out, at the price of order. Default 250.
   */
  exclusive<T>(
    work: () => Promise<T>,
    writtenWithinMs?: number,
  ): Promise<{ readonly result: T; readonly applied: Applied }>
  /** What the rules that a transaction sees would do to the sessions of this node, without doing it. */
  forecast(tx: Db): Promise<Forecast>
  /** The same of suspensions that this node would be told of, or would not know any more. */
  forecastSuspensions(change: (inForce: readonly SuspensionSetting[]) => readonly SuspensionSetting[]): Forecast
  /** Tells of what the database tells, until it is disposed. Best effort: what was missed is not repeated. */
  hear(listener: (news: News) => void): Disposable
  close(): Promise<void>
}

/** Loads the rules, and goes on doing so. Rejects when they cannot be read the first time. */
export async function startLivePolicy(options: LiveOptions): Promise<LivePolicy> {
  const live = new Live(options)
  await live.refresh()
  live.watch()
  return live
}

class Live implements LivePolicy {
  readonly gate: Gate
  readonly #options: LiveOptions
  readonly #enforcer: Enforcer
  readonly #now: () => Date
  #last: Promise<unknown> = Promise.resolve()
  readonly #listeners = new Set<(news: News) => void>()
  #isQueued = false
  #loaded: Loaded | undefined
  #nextStageAt = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #listener: { close(): Promise<void> } | undefined
  #isClosed = false

  constructor(options: LiveOptions) {
    this.#options = options
    this.#now = options.now ?? (() => new Date())
    const { log, leaseTtlMs, unitsOf, roomsOf, onDrill, onLockOut, isBreakGlass, onBreakGlass, onSpared } = options
    const { onClientRefused } = options
    this.gate = new Gate({
      log,
      leaseTtlMs,
      ...(unitsOf === undefined ? {} : { unitsOf }),
      ...(roomsOf === undefined ? {} : { roomsOf }),
      ...(onDrill === undefined ? {} : { onDrill }),
      ...(onLockOut === undefined ? {} : { onLockOut }),
      ...(onClientRefused === undefined ? {} : { onClientRefused }),
      ...(isBreakGlass === undefined ? {} : { isBreakGlass }),
      ...(onBreakGlass === undefined ? {} : { onBreakGlass }),
      ...(onSpared === undefined ? {} : { onSpared }),
    })
    this.#enforcer = createEnforcer(this.gate, options.sessions, options)
  }

  greet(session: LiveSession): void {
    this.#enforcer.one(session, this.#now().getTime())
  }

  reconsider(): EnforceCounts {
    if (this.#loaded) this.#install(this.#loaded)
    return this.#enforce()
  }

  #install({ settings, epoch }: Loaded): void {
    this.gate.replace(this.#withOwn(settings), epoch)
  }

  /** With what this node was told alone. */
  #withOwn(settings: PolicySettings): PolicySettings {
    const known = new Set(settings.suspensions.map(({ id }) => id))
    const own = (this.#options.overrides?.() ?? []).filter(({ id }) => !known.has(id)).map(suspensionSettingFrom)
    return { ...settings, suspensions: [...settings.suspensions, ...own] }
  }

  refresh(): Promise<Applied> {
    return this.#inTurn(() => this.#apply())
  }

  async catchUp(): Promise<void> {
    await this.refresh().catch((error: unknown) =>
      this.#options.log.warn('the rules are applied a little later', { error: String(error) }),
    )
  }

  exclusive<T>(
    work: () => Promise<T>,
    writtenWithinMs = 250,
  ): Promise<{ readonly result: T; readonly applied: Applied }> {
    return this.#inTurn(async () => {
      const open = this.gate.close()
      try {
        await this.#written(writtenWithinMs)
        const result = await work()
        return { result, applied: await this.#apply() }
      } finally {
        open()
      }
    })
  }

  async forecast(tx: Db): Promise<Forecast> {
    const { settings } = await read(tx, this.#options.posture, this.#now())
    const isGone = await this.#options.foresee?.(tx)
    return this.#enforcer.forecast(this.#withOwn(settings), this.#now().getTime(), isGone)
  }

  forecastSuspensions(change: (inForce: readonly SuspensionSetting[]) => readonly SuspensionSetting[]): Forecast {
    const { settings } = this.gate
    const suspensions = change(settings.suspensions)
    return this.#enforcer.forecast({ ...settings, suspensions }, this.#now().getTime())
  }

  /** Notification first, polling as fallback and as the renewal of the lease. */
  watch(): void {
    this.#listener = listen({
      url: this.#options.url,
      channels: [POLICY_CHANNEL, APPLIED_CHANNEL, AUDIT_CHANNEL, RELEASED_CHANNEL],
      onNotify: (channel, payload) => {
        if (channel === RELEASED_CHANNEL) return this.#options.onReleased?.()
        if (channel === POLICY_CHANNEL) this.#look()
        else if (channel === APPLIED_CHANNEL) this.#options.node.heard()
        this.#tell(newsFrom(channel, payload))
      },
      onConnect: () => {
        this.#look()
        this.#tell({ kind: 'missed' })
      },
      onError: (error) => this.#options.log.warn('the policy channel is down, polling', { error }),
    })
    this.#timer = setInterval(() => this.#look(), this.#options.pollMs ?? 1_000)
  }

  hear(listener: (news: News) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #tell(news: News): void {
    for (const listener of this.#listeners) listener(news)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#listener?.close()
    await this.#last.catch(() => undefined)
    this.gate.expire()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #written(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs
    while ((this.#options.pendingWrites?.() ?? 0) > 0 && performance.now() < deadline) await wait(1)
  }

  /** One after the other; a failure is the caller's, and the next one goes on. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** However many reasons there are to look, one look at a time is enough. */
  #look(): void {
    if (this.#isQueued || this.#isClosed) return
    this.#isQueued = true
    this.#inTurn(async () => {
      this.#isQueued = false
      if (!this.#isClosed) await this.#apply()
    }).catch((error: unknown) => this.#options.log.error('the rules cannot be read', { error }))
  }

  async #apply(): Promise<Applied> {
    const { db, node, posture, log } = this.#options
    const sentAt = performance.now()
    const epoch = await node.renew(this.gate.epoch)
    if (epoch === this.gate.epoch) {
      this.gate.renew(sentAt)
      this.#options.onCurrent?.()
      return { epoch, ...this.#passTime() }
    }
    const loaded = await load(db, posture, this.#now())
    await this.#options.onLoad?.(db)
    const { epoch: after, lapsedMs } = this.gate
    this.#loaded = loaded
    this.#install(loaded)
    this.gate.renew(sentAt)
    const counts = this.#enforce()
    node.applied({ epoch: loaded.epoch, after, lapsedMs, ...counts })
    log.info('policy applied', { epoch: loaded.epoch, ...counts, tookMs: Math.round(performance.now() - sentAt) })
    this.#options.onTime?.(this.#now())
    this.#options.onCurrent?.()
    return { epoch: loaded.epoch, ...counts }
  }

  /** Rules climb their ladder and suspensions reach their end without anybody changing anything. */
  #passTime(): EnforceCounts {
    this.#options.onTime?.(this.#now())
    return this.#now().getTime() < this.#nextStageAt ? { disconnected: 0, notified: 0 } : this.#enforce()
  }

  #enforce(): EnforceCounts {
    const at = this.#now().getTime()
    const { clientRules, exceptions } = this.gate.settings
    const windows = [...clientRules, ...exceptions].flatMap(({ activeFrom, activeUntil }) => [activeFrom, activeUntil])
    const instants = [...windows, ...exceptions.map(({ until }) => until)].filter((instant) => instant !== undefined)
    const changes = clientRules.flatMap((rule) => changesAfter(rule, at))
    // Whoever is only told of a rule hears of it once a day (control §3.2).
    if (clientRules.some((rule) => stageAt(rule, at) === 'notify')) changes.push(at + DAY_MS)
    this.#nextStageAt = Math.min(...changes, ...instants.filter((instant) => instant > at))
    this.#options.onEnforce?.(this.gate)
    return this.#enforcer.all(at)
  }
}

function newsFrom(channel: string, payload: string): News {
  if (channel === AUDIT_CHANNEL) return { kind: 'done', action: payload }
  return { kind: channel === POLICY_CHANNEL ? 'committed' : 'applied', epoch: Number(payload) }
}

/** Epoch and rules of one moment. */
interface Loaded {
  readonly epoch: number
  readonly settings: PolicySettings
}

async function load(db: Db, posture: ClientPosture, at: Date): Promise<Loaded> {
  return db.transaction((tx) => read(tx, posture, at), {
    isolationLevel: 'repeatable read',
    accessMode: 'read only',
  })
}

async function read(tx: Db, defaultPosture: ClientPosture, at: Date): Promise<Loaded> {
  const epoch = await getPolicyEpoch(tx)
  const clientRules = (await listClientRules(tx)).map(ruleInputFrom)
  const exceptions = (await listClientExceptions(tx, at)).map(exceptionInputFrom)
  const suspensions = (await listActiveSuspensions(tx)).map(suspensionInputFrom)
  const recalls = (await listActiveRecalls(tx)).map(recallInputFrom)
  const stored = await readPosture(tx, defaultPosture)
  const postureLapsesAt = confirmPostureBy(stored)
  const tiers = await readMinimumTiers(tx)
  const media = mediaSettingsFrom(await listMediaPolicies(tx))
  return {
    epoch,
    settings: policySettings.parse({
      posture: stored.value,
      postureLapsesAt,
      ...tiers,
      clientRules,
      exceptions,
      suspensions,
      recalls,
      media,
    }),
  }
}
