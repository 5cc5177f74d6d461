import { playbookDocument, Refusal } from '@drawbridge/contract'
import type {
  NewClientException,
  NewClientRule,
  NewSuspension,
  PlaybookDocument,
  SuspensionImpact,
} from '@drawbridge/contract'
import {
  appendAudit,
  countSettledBy,
  findApprovalRequest,
  findClientRule,
  findPlaybook,
  findSuspension,
  listEmergenciesBy,
  listSmallBy,
  noteActedAlone,
  reviewSuspension,
} from '@drawbridge/db'
import type { ApprovalRequest, Db, Suspension } from '@drawbridge/db'
import {
  approvalsNeeded,
  findRepeated,
  isTwoPersonRuleActive,
  mayBeUnguarded,
  suspensionExemptions,
} from '@drawbridge/policy'
import type { GuardedAction, PolicySettings, Reached } from '@drawbridge/policy'
import { createApprovalRequests } from './approval-requests.ts'
import { isId, settingFrom } from './client-rules.ts'
import type { Also, RuleChange, RuleGuard } from './client-rules.ts'
import { createFulfil, stepsOf } from './fulfil-request.ts'
import type {
  Approved,
  ChangedSuspension,
  Ended,
  Ending,
  ExceptionChange,
  PlaybookStart,
  Selection,
  SettleAction,
} from './fulfil-request.ts'
import type { MeasureImpact } from './impact.ts'
import type { Operations } from './operations.ts'
import { loosenedBy } from './regrouping.ts'
import type { Regrouping } from './regrouping.ts'
import { isRehearsal, rehearse, transact } from './rehearsal.ts'
import { exemptWith, extendWith } from './suspension-edits.ts'
import type { Exemptions, Extension } from './suspension-edits.ts'
import type { Started } from './suspensions.ts'
import { REVIEW_DUE_MS } from './suspensions.ts'

const HOUR_MS = 3_600_000
/** Within this time nobody repeats an emergency alone (control §4.6). */
const REPEAT_MS = 24 * HOUR_MS
/** Held messages of a large suspension that one person alone decides about within an hour: as many as one reads. */
const MAX_READ = 100

/** Who acts. */
export interface Person {
  readonly name: string
  /** The local socket, and break-glass accounts: alone, on record, and looked at afterwards. */
  readonly mayActAlone: boolean
}

/** Done, or written down until another person agrees. */
export type Guarded<T> =
  | { readonly done: T; readonly request?: undefined }
  | { readonly done?: undefined; readonly request: ApprovalRequest }

export interface GuardedOperations {
  /** @param by - who would start it: what they have started beside it counts with it. */
  impactOf(wanted: readonly Wanted[], by?: Person, isDrill?: boolean): Promise<SuspensionImpact>
  start(by: Person, wanted: NewSuspension): Promise<Guarded<Started>>
  startPlaybook(by: Person, name: string, how: PlaybookStart): Promise<Guarded<Started>>
  extend(by: Person, id: string, times: Extension): Promise<Guarded<ChangedSuspension>>
  exempt(by: Person, id: string, exemptions: Exemptions): Promise<Guarded<ChangedSuspension>>
  /** With canaries they come back now, and the clock's keeper ends it for everybody else. */
  end(by: Person, id: string, ending: Ending): Promise<Guarded<Ended>>
  /** Takes the guardrails from a client rule, which takes two people (control §3.5), or gives them back. */
  guardRule(by: Person, id: string, wanted: RuleGuard): Promise<Guarded<RuleChange>>
  /**
   * Releases or discards what a suspension that has ended for review still holds, and says how many messages that were.
   * Of a large one, one person decides about as many as one reads; more takes two, as ending it does.
   */
  settle(by: Person, id: string, action: SettleAction, messages: Selection): Promise<Guarded<number>>
  /**
   * Adds a client rule. One that allows clients spares them from those after it, and takes what an exception takes.
   *
   * @param simulation - what was simulated before, for the record
   */
  addRule(by: Person, wanted: NewClientRule, simulation?: unknown): Promise<Guarded<RuleChange>>
  /** @throws Refusal `allow-needs-approval` where several rules at once are added alone, and one of them spares clients */
  checkRules(by: Person, wanted: readonly Pick<NewClientRule, 'action'>[]): void
  /** Spares clients from client rules, which takes two people like any exemption (control §4.6). */
  addException(by: Person, wanted: NewClientException): Promise<Guarded<ExceptionChange>>
  /**
   * Whether people may join or leave a unit. Where something in force names it, so that they would go round that, it takes
   * what ending or exempting would: the right to change rules, and whoever acts alone where it takes two. Resolves with
   * what belongs to the change: that it was done alone.
   *
   * @throws Refusal `unit-in-force`
   */
  regroup(by: Person & { readonly mayChangeRules: boolean }, unit: string, change: Regrouping): Promise<Also>
  /**
   * Makes or uses tokens on paper. One alone makes a cut with them that lasts, or ends one: nobody can be asked first, so
   * that it is for those who act alone.
   *
   * @throws Refusal `offline-token-alone`
   */
  handlePaper<T>(by: Person, work: () => Promise<T>): Promise<T>
  /** Agrees to what another person asked for, and does it. */
  approve(by: Person, requestId: string): Promise<Approved>
  refuse(by: Person, requestId: string): Promise<ApprovalRequest>
  /** Records that somebody has looked at what others did alone. */
  review(by: Person, id: string, note: string): Promise<Suspension>
}

export interface GuardOptions {
  readonly db: Db
  readonly operations: Operations
  readonly measure: MeasureImpact
  /** What is in force. */
  readonly settings: () => PolicySettings
  /** Bare JIDs of those who can approve. */
  readonly approvers: () => readonly string[]
  /** Tells approvers of something that they have to look at. */
  readonly alert: (text: string, to?: readonly string[]) => void
  readonly now: () => Date
}

/**
 * Suspending as the two-person rule allows it (control §4.6): starting is easy, ending and extending is guarded. What one
 * person does alone, where the rule asks for two, is on record as such and has to be looked at within a day.
 */
export function createGuarded({
  db,
  operations,
  measure,
  settings,
  approvers,
  alert,
  now,
}: GuardOptions): GuardedOperations {
  const requests = createApprovalRequests({ db, alert, now })
  const fulfil = createFulfil({ db, operations, now })
  const isActive = () => isTwoPersonRuleActive(approvers().length)
  // What is tried out asks nobody, and tells nobody.
  const actsAlone = (by: Person) => by.mayActAlone || isRehearsal()
  /** Whether it is large, together with what the same person has begun alone as several small ones. */
  const addsUp = async (by: Person, wanted: readonly Wanted[]) => {
    const small = await listSmallBy(db, by.name, new Date(now().getTime() - REPEAT_MS))
    return small.length > 0 && (await measure([...small.map(wantedFrom), ...wanted], now().getTime())).isLarge
  }
  /** Whether somebody has to agree first to what is done to rules, which are about nobody one could count. */
  const waits = (by: Person, action: GuardedAction) =>
    isActive() && !actsAlone(by) && approvalsNeeded(action, false) === 2
  const impactOf: GuardedOperations['impactOf'] = async (wanted, by, isDrill = false) => {
    const { isLarge, people: _, ...counts } = await measure(wanted, now().getTime())
    // A drill has no effect, so that it takes nobody's consent.
    const approvals = isDrill
      ? 1
      : approvalsNeeded('start', isLarge || (by !== undefined && (await addsUp(by, wanted))))
    return { ...counts, approvals, isTwoPersonRuleActive: isActive() }
  }
  /** Whether this takes two people: where the rule is in force, and by the size of what it is done to. */
  const takesTwo = async (action: GuardedAction, row: Suspension) => {
    if (!isActive() || row.isDrill) return false
    const isLarge = row.isLarge || (await measure([wantedFrom(row)], now().getTime())).isLarge
    return approvalsNeeded(action, isLarge) === 2
  }
  const alone =
    (id: string, by: readonly string[]): Also =>
    (tx) =>
      noteActedAlone(tx, id, { by, dueAt: new Date(now().getTime() + REVIEW_DUE_MS) })
  /** Does it, or writes it down until somebody else agrees. Who does it alone is on record. */
  const guard = async <T>(
    { by, row, action, asked, wanted }: Attempt,
    work: (also?: Also) => Promise<T>,
  ): Promise<Guarded<T>> => {
    if (!(await takesTwo(action, row))) return { done: await work() }
    if (!actsAlone(by)) return requests.ask(by.name, asked, row.id, wanted)
    return { done: await work(alone(row.id, [by.name])) }
  }
  const find = async (id: string) => {
    const suspension = isId(id) ? await findSuspension(db, id) : undefined
    if (!suspension) throw new Refusal('no-such-suspension')
    return suspension
  }
  const findActive = async (id: string) => {
    const suspension = await find(id)
    if (suspension.endedAt) throw new Refusal('suspension-ended')
    return suspension
  }
  const reachOf = (wanted: readonly Wanted[]): Promise<Reached[]> =>
    Promise.all(
      wanted.flatMap(({ scopes, mode, exemptions }) =>
        scopes.map(async (scope) => {
          const { people } = await measure([{ scopes: [scope], mode, exemptions }], now().getTime())
          return { scope, mode, people }
        }),
      ),
    )
  const refuseRepeated = async (by: Person, wanted: readonly Wanted[]) => {
    const rows = await listEmergenciesBy(db, by.name, new Date(now().getTime() - REPEAT_MS))
    if (rows.length === 0) return
    const repeated = findRepeated(await reachOf(wanted), await reachOf(rows.map(wantedFrom)))
    if (repeated.length === 0) return
    const earlier = rows.map(({ id, scopes, mode }) => `${scopes.join(', ')} ${mode} (${id})`)
    throw new Refusal('emergency-repeated', { detail: `${repeated.join(', ')} was in ${earlier.join('; ')}.` })
  }
  /** Starts at once, asks first, or starts alone and asks afterwards. */
  const startAll = async (
    by: Person,
    wanted: readonly NewSuspension[],
    request: { readonly action: ApprovalRequest['action']; readonly target: string; readonly payload: unknown },
    more: { readonly playbookId?: string; readonly rules?: PlaybookDocument['rules'] } = {},
  ): Promise<Guarded<Started>> => {
    const isDrill = wanted.every((one) => one.isDrill === true)
    const isLarge = (await measure(wanted, now().getTime())).isLarge || (!isDrill && (await addsUp(by, wanted)))
    const isSparing = more.rules?.some(spares) === true
    const takes = isSparing ? approvalsNeeded('spare', isLarge) : approvalsNeeded('start', isLarge)
    const needsTwo = isActive() && !isDrill && takes === 2
    const isEmergency = wanted.some((one) => one.isEmergency === true)
    const starting = { approvedBy: [by.name], alone: needsTwo ? [by.name] : [], isLarge, ...more }
    if (!needsTwo || actsAlone(by)) {
      // Whom no suspension can lock out has nobody to be confirmed by: no end is put to what they start.
      const lasting = wanted.map((one) => ({ ...one, isEmergency: false }))
      return { done: await operations.startSuspensions(by.name, lasting, starting) }
    }
    // An emergency is over in an hour; whom a rule lets in, it lets in for good.
    if (!isEmergency || isSparing) return requests.ask(by.name, request.action, request.target, request.payload)
    await refuseRepeated(by, wanted)
    const done = await operations.startSuspensions(by.name, wanted, starting)
    for (const { id, untilAt } of done.suspensions) {
      await requests.ask(by.name, 'confirm-suspension', id, {})
      alert(`Emergency ${id}, started by ${by.name} alone, ends at ${untilAt?.toISOString() ?? '?'} unless confirmed.`)
    }
    return { done }
  }

  return {
    impactOf,
    start: (by, wanted) => startAll(by, [wanted], { action: 'start-suspension', target: '', payload: wanted }),
    async startPlaybook(by, name, how) {
      const row = await findPlaybook(db, name)
      if (!row) throw new Refusal('no-such-playbook')
      const document = playbookDocument.parse(row.playbook)
      const payload = { name, document, ...(how.isDrill === undefined ? {} : { isDrill: how.isDrill }) }
      const request = { action: 'start-playbook', target: row.id, payload }
      // A drill changes nothing: neither are rules added, nor is anybody told.
      const rules = how.isDrill === true ? undefined : document.rules
      const outcome = await startAll(by, stepsOf(document, how, now()), request, {
        playbookId: row.id,
        ...(rules && { rules }),
      })
      if (!outcome.request && how.isDrill !== true && !isRehearsal()) {
        alert(`Playbook ${name} was started by ${by.name}: ${document.reason}`, document.notify ?? [])
      }
      return outcome
    },
    async extend(by, id, times) {
      const row = await findActive(id)
      const edit = extendWith(times, [], now())
      return guard({ by, row, action: 'extend', asked: 'extend-suspension', wanted: times }, (also) =>
        operations.changeSuspension(by.name, id, 'extend-suspension', edit, also),
      )
    },
    async exempt(by, id, exemptions) {
      const row = await findActive(id)
      const edit = exemptWith(exemptions, [])
      return guard({ by, row, action: 'exempt', asked: 'exempt-suspension', wanted: exemptions }, (also) =>
        operations.changeSuspension(by.name, id, 'exempt-suspension', edit, also),
      )
    },
    async end(by, id, ending) {
      const row = await findActive(id)
      return guard({ by, row, action: 'end', asked: 'end-suspension', wanted: ending }, (also) =>
        fulfil.end(by.name, id, ending, also),
      )
    },
    async settle(by, id, action, messages) {
      const row = await find(id)
      if (row.endedAt === null || row.release !== 'review') throw new Refusal('not-under-review')
      const work = (also?: Also) => fulfil.settle(by.name, id, action, messages, also)
      if (messages !== 'all') {
        const before = await countSettledBy(db, id, by.name, new Date(now().getTime() - HOUR_MS))
        if (before + messages.length <= MAX_READ) return { done: await work() }
      }
      return guard({ by, row, action: 'settle', asked: action, wanted: { messages } }, work)
    },
    async guardRule(by, id, wanted) {
      const row = isId(id) ? await findClientRule(db, id) : undefined
      if (!row) throw new Refusal('no-such-rule')
      if (!wanted.isGuarded && !mayBeUnguarded(settingFrom(row))) throw new Refusal('guardrails-needed')
      if (!wanted.isGuarded && waits(by, 'unguard')) {
        return requests.ask(by.name, 'unguard-client-rule', id, wanted)
      }
      return { done: await operations.setClientRuleGuarded(by.name, id, wanted, [by.name]) }
    },
    async addRule(by, wanted, simulation) {
      if (spares(wanted) && waits(by, 'spare')) {
        await rehearse(() => operations.addClientRule(by.name, wanted))
        return requests.ask(by.name, 'add-client-rule', '', wanted)
      }
      return { done: await operations.addClientRule(by.name, wanted, simulation) }
    },
    checkRules(by, wanted) {
      if (!by.mayActAlone && isActive() && wanted.some(spares)) throw new Refusal('allow-needs-approval')
    },
    async addException(by, wanted) {
      if (waits(by, 'spare')) {
        // What cannot be done is refused to whoever asks, not to whoever agrees.
        await rehearse(() => operations.addClientException(by.name, wanted))
        return requests.ask(by.name, 'add-client-exception', wanted.rule ?? '', wanted)
      }
      return { done: await operations.addClientException(by.name, wanted) }
    },
    async regroup(by, unit, change) {
      const alones: Also[] = []
      for (const { action, suspension, advice } of loosenedBy(settings(), unit, change)) {
        const row = suspension === undefined ? undefined : await findSuspension(db, suspension)
        const needsTwo =
          action !== 'lower' && (row ? await takesTwo(action, row) : isActive() && approvalsNeeded(action, false) === 2)
        if (!by.mayChangeRules || (needsTwo && !by.mayActAlone)) throw new Refusal('unit-in-force', { detail: advice })
        if (needsTwo && row) alones.push(alone(row.id, [by.name]))
      }
      return async (tx) => {
        for (const also of alones) await also(tx)
      }
    },
    async handlePaper(by, work) {
      if (isActive() && !by.mayActAlone && approvalsNeeded('paper', true) === 2) {
        throw new Refusal('offline-token-alone')
      }
      return work()
    },
    async approve(by, id) {
      const request = isId(id) ? await findApprovalRequest(db, id) : undefined
      if (!request) throw new Refusal('no-such-request')
      if (request.requestedBy === by.name) throw new Refusal('own-request')
      const isApprover = approvers().includes(by.name)
      if (!by.mayActAlone && !isApprover) throw new Refusal('forbidden')
      const decided: Also = (tx) => requests.decide(tx, request, by.name, 'approved')
      // Nobody knows who sits at the local socket: it may be whoever asked.
      return fulfil.request(request, by.name, decided, isApprover ? undefined : alone)
    },
    async refuse(by, id) {
      const request = isId(id) ? await findApprovalRequest(db, id) : undefined
      if (!request) throw new Refusal('no-such-request')
      return transact(db, (tx) => requests.decide(tx, request, by.name, 'refused'))
    },
    async review(by, id, note) {
      return transact(db, async (tx) => {
        const before = isId(id) ? await findSuspension(tx, id) : undefined
        if (!before) throw new Refusal('no-such-suspension')
        // As long as there is somebody else.
        const isOwn = before.actedAlone.includes(by.name)
        if (isOwn && (isActive() || !by.mayActAlone)) throw new Refusal('own-deed')
        const reviewed = await reviewSuspension(tx, id, { by: by.name, at: now(), note })
        if (!reviewed) throw new Refusal('nothing-to-review')
        await appendAudit(tx, { actor: by.name, action: 'review-suspension', target: id, detail: { note } }, now())
        return reviewed
      })
    },
  }
}

/** As far as whom it reaches. */
type Wanted = Parameters<MeasureImpact>[0][number]

/** What somebody is about to do to a suspension, and how it is written down where another person has to agree. */
interface Attempt {
  readonly by: Person
  readonly row: Suspension
  readonly action: GuardedAction
  readonly asked: ApprovalRequest['action']
  readonly wanted: unknown
}

/** Whether a rule spares clients from those after it. */
function spares({ action }: Pick<NewClientRule, 'action'>): boolean {
  return action === 'allow'
}

/** A suspension as it was asked for, as far as whom it reaches. */
function wantedFrom({ scopes, mode, exemptions }: Suspension): Wanted {
  return { scopes, mode, exemptions: suspensionExemptions.parse(exemptions) }
}
