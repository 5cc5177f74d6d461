import { ADMIN_ROUTES, playbookDocument, Refusal } from '@drawbridge/contract'
import type { NewClientException, NewSuspension, PlaybookDocument, SuspensionImpact } from '@drawbridge/contract'
import {
  appendAudit,
  decideApprovalRequest,
  findApprovalRequest,
  findClientRule,
  findPlaybook,
  findSameRequest,
  findSuspension,
  insertApprovalRequest,
  listEmergenciesBy,
  reopenApprovalRequest,
  reviewSuspension,
  uuidv7,
} from '@drawbridge/db'
import type { ApprovalRequest, ClientException, ClientRule, Db, Suspension } from '@drawbridge/db'
import {
  approvalsNeeded,
  isTwoPersonRuleActive,
  mayOverlap,
  mayBeUnguarded,
  suspensionExemptions,
} from '@drawbridge/policy'
import type { GuardedAction } from '@drawbridge/policy'
import { z } from 'zod'
import { isId, settingFrom } from './client-rules.ts'
import type { RuleChange, RuleGuard } from './client-rules.ts'
import type { MeasureImpact } from './impact.ts'
import type { Operations } from './operations.ts'
import { isRehearsal, rehearse, transact } from './rehearsal.ts'
import type { Started } from './suspensions.ts'
import { REVIEW_DUE_MS } from './suspensions.ts'

const HOUR_MS = 3_600_000
/** How long a request waits for a second person. */
const REQUEST_MS = 24 * HOUR_MS
/** Within this time nobody repeats an emergency alone on a scope (control §4.6). */
const REPEAT_MS = 24 * HOUR_MS
const MINUTE_MS = 60_000

/** Who acts. */
export interface Person {
  readonly name: string
  /** The local socket, and break-glass accounts: alone, on record, and looked at afterwards. */
  readonly mayActAlone: boolean
}

export interface PlaybookStart {
  readonly isEmergency?: boolean | undefined
  readonly isDrill?: boolean | undefined
}

type ExceptionChange = Awaited<ReturnType<Operations['addClientException']>>
type Ended = Awaited<ReturnType<Operations['endSuspension']>>
type ChangedSuspension = Awaited<ReturnType<Operations['changeSuspension']>>

/** Done, or written down until another person agrees. */
export type Guarded<T> = { readonly done: T; readonly request?: undefined } | { readonly request: ApprovalRequest }

/** What was done because another person agreed. */
export interface Approved {
  readonly suspensions: readonly Suspension[]
  readonly rules: readonly ClientRule[]
  readonly exceptions: readonly ClientException[]
}

export interface GuardedOperations {
  impactOf(
    wanted: readonly Pick<NewSuspension, 'scopes' | 'mode' | 'exemptions'>[],
    isDrill?: boolean,
  ): SuspensionImpact
  start(by: Person, wanted: NewSuspension): Promise<Guarded<Started>>
  startPlaybook(by: Person, name: string, how: PlaybookStart): Promise<Guarded<Started>>
  extend(by: Person, id: string, times: Extension): Promise<Guarded<ChangedSuspension>>
  exempt(by: Person, id: string, exemptions: Exemptions): Promise<Guarded<ChangedSuspension>>
  /** With canaries they come back now, and the clock's keeper ends it for everybody else. */
  end(by: Person, id: string, ending: Ending): Promise<Guarded<Ended>>
  /** Takes the guardrails from a client rule, which takes two people (control §3.5), or gives them back. */
  guardRule(by: Person, id: string, wanted: RuleGuard): Promise<Guarded<RuleChange>>
  /** Discards held messages of a suspension that has ended for review; all of a large one takes two people. */
  discardHeld(by: Person, id: string, only: readonly string[] | undefined): Promise<Guarded<number>>
  /** Spares clients from client rules, which takes two people like any exemption (control §4.6). */
  addException(by: Person, wanted: NewClientException): Promise<Guarded<ExceptionChange>>
  /** Agrees to what another person asked for, and does it. */
  approve(by: Person, requestId: string): Promise<Approved>
  refuse(by: Person, requestId: string): Promise<ApprovalRequest>
  /** Records that somebody has looked at what one person did alone. */
  review(by: Person, id: string, note: string): Promise<Suspension>
}

const extension = ADMIN_ROUTES.extendSuspension.body
type Extension = z.output<typeof extension>
const exemptionsGiven = suspensionExemptions.partial()
type Exemptions = z.output<typeof exemptionsGiven>
const guardWanted = ADMIN_ROUTES.guardClientRule.body
const exceptionWanted = ADMIN_ROUTES.addClientException.body
const playbookWanted = z.strictObject({ name: z.string(), document: playbookDocument, isDrill: z.boolean().optional() })
const endWanted = z.strictObject({
  release: ADMIN_ROUTES.endSuspension.query.shape.release.unwrap(),
  canary: z.strictObject({ units: z.array(z.string()).min(1), minutes: z.int().min(1) }).optional(),
})
/** How a suspension is to end. */
export type Ending = z.output<typeof endWanted>

export interface GuardOptions {
  readonly db: Db
  readonly operations: Operations
  readonly measure: MeasureImpact
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
export function createGuarded({ db, operations, measure, approvers, alert, now }: GuardOptions): GuardedOperations {
  const isActive = () => isTwoPersonRuleActive(approvers().length)
  // What is tried out asks nobody, and tells nobody.
  const actsAlone = (by: Person) => by.mayActAlone || isRehearsal()
  const impactOf: GuardedOperations['impactOf'] = (wanted, isDrill = false) => {
    const at = now().getTime()
    const impacts = wanted.map((one) => measure(one, at))
    const most = (key: 'accounts' | 'sessions' | 'disconnected' | 'exempt') =>
      Math.max(...impacts.map((one) => one[key]))
    const isLarge = impacts.some((one) => one.isLarge)
    return {
      accounts: most('accounts'),
      sessions: most('sessions'),
      disconnected: most('disconnected'),
      exempt: most('exempt'),
      // A drill has no effect, so that it takes nobody's consent.
      approvals: isDrill ? 1 : approvalsNeeded('start', isLarge),
      isTwoPersonRuleActive: isActive(),
    }
  }
  /** Whether this takes two people: where the rule is in force, and by the size of what it is done to. */
  const takesTwo = (action: GuardedAction, row: Pick<Suspension, 'scopes' | 'mode' | 'isDrill'>) =>
    isActive() && !row.isDrill && approvalsNeeded(action, measure(row, now().getTime()).isLarge) === 2

  const ask = async (by: Person, action: ApprovalRequest['action'], target: string, wanted: unknown) => {
    const at = now()
    const same = await findSameRequest(db, { action, target, payload: wanted, requestedBy: by.name }, at)
    if (same) return { request: same }
    const id = uuidv7()
    const expiresAt = new Date(at.getTime() + REQUEST_MS)
    const row = { id, action, target, payload: wanted, requestedBy: by.name, requestedAt: at, expiresAt }
    const request = await db.transaction(async (tx) => {
      const made = await insertApprovalRequest(tx, row)
      const detail = { request: id, wanted }
      await appendAudit(tx, { actor: by.name, action: `request-${action}`, target: target || id, detail }, at)
      return made
    })
    alert(`${by.name} asks for approval: ${action} (${id}). Approve with: drawbridge suspension approve ${id}`)
    return { request }
  }
  const get = async (id: string) => {
    const suspension = isId(id) ? await findSuspension(db, id) : undefined
    if (!suspension) throw new Refusal('no-such-suspension')
    if (suspension.endedAt) throw new Refusal('suspension-ended')
    return suspension
  }
  const refuseRepeated = async (by: Person, scopes: readonly string[]) => {
    const since = new Date(now().getTime() - REPEAT_MS)
    const earlier = await listEmergenciesBy(db, by.name, since)
    const isRepeated = earlier.some((row) => row.scopes.some((one) => scopes.some((other) => mayOverlap(one, other))))
    if (isRepeated) throw new Refusal('emergency-repeated')
  }
  /** Starts at once, asks first, or starts alone and asks afterwards. */
  const startAll = async (
    by: Person,
    wanted: readonly NewSuspension[],
    request: { readonly action: ApprovalRequest['action']; readonly target: string; readonly payload: unknown },
    more: { readonly playbookId?: string; readonly rules?: PlaybookDocument['rules'] } = {},
  ): Promise<Guarded<Started>> => {
    const isDrill = wanted.every((one) => one.isDrill === true)
    const needsTwo = isActive() && impactOf(wanted, isDrill).approvals === 2
    const isEmergency = wanted.some((one) => one.isEmergency === true)
    if (!needsTwo || actsAlone(by)) {
      // Whom no suspension can lock out has nobody to be confirmed by: no end is put to what they start.
      const lasting = wanted.map((one) => ({ ...one, isEmergency: false }))
      const starting = { approvedBy: [by.name], isAlone: needsTwo, ...more }
      return { done: await operations.startSuspensions(by.name, lasting, starting) }
    }
    if (!isEmergency) return ask(by, request.action, request.target, request.payload)
    await refuseRepeated(
      by,
      wanted.flatMap(({ scopes }) => scopes),
    )
    const done = await operations.startSuspensions(by.name, wanted, { approvedBy: [by.name], isAlone: true, ...more })
    for (const { id, untilAt } of done.suspensions) {
      await ask(by, 'confirm-suspension', id, {})
      alert(`Emergency ${id}, started by ${by.name} alone, ends at ${untilAt?.toISOString() ?? '?'} unless confirmed.`)
    }
    return { done }
  }
  const extendWith =
    (times: Extension, approvedBy: readonly string[]) =>
    (row: Suspension): Partial<Suspension> => {
      const untilAt = times.until === undefined ? row.untilAt : times.until === null ? null : new Date(times.until)
      if (untilAt && untilAt <= now()) throw new Refusal('end-in-the-past')
      const reviewAt = times.reviewAt === undefined ? row.reviewAt : new Date(times.reviewAt)
      // What was said of the old times has to be said of the new ones.
      const alerted = row.alerted.filter((alerted) => alerted !== 'review' && alerted !== 'lapse')
      return { untilAt, reviewAt, alerted, approvedBy: [...new Set([...row.approvedBy, ...approvedBy])] }
    }
  const exemptWith =
    (more: Exemptions, approvedBy: readonly string[]) =>
    (row: Suspension): Partial<Suspension> => {
      const before = suspensionExemptions.parse(row.exemptions)
      const joined = (key: keyof typeof before) => [...new Set([...before[key], ...(more[key] ?? [])])]
      const exemptions = {
        ...{ accounts: joined('accounts'), units: joined('units') },
        ...{ rooms: joined('rooms'), bots: joined('bots') },
      }
      return { exemptions, approvedBy: [...new Set([...row.approvedBy, ...approvedBy])] }
    }
  const confirmBy =
    (approver: string) =>
    (row: Suspension): Partial<Suspension> => ({
      untilAt: row.wantedUntilAt,
      wantedUntilAt: null,
      isEmergency: false,
      approvedBy: [...new Set([...row.approvedBy, approver])],
    })
  const due = (isAlone: boolean): Partial<Suspension> =>
    isAlone ? { reviewDueAt: new Date(now().getTime() + REVIEW_DUE_MS), reviewedAt: null } : {}

  /** Ends it; or lets the canaries in, and puts an end to it for the keeper to see to. */
  const endAs = async (by: string, id: string, { release, canary }: Ending, isAlone: boolean): Promise<Ended> => {
    if (!canary) return operations.endSuspension(by, id, release, isAlone)
    const changed = await operations.changeSuspension(by, id, 'begin-ending', (row) => ({
      ...exemptWith({ units: canary.units }, [])(row),
      ...due(isAlone),
      release,
      untilAt: new Date(now().getTime() + canary.minutes * MINUTE_MS),
    }))
    return { ...changed, released: 0, discarded: 0 }
  }

  /** What a request asks for, done in the name of whoever asked. */
  const fulfil = async (request: ApprovalRequest, approver: string): Promise<Approved> => {
    const { action, target, payload, requestedBy } = request
    const nothing = { suspensions: [], rules: [], exceptions: [] }
    if (action === 'unguard-client-rule') {
      const wanted = guardWanted.parse(payload)
      const { rule } = await operations.setClientRuleGuarded(requestedBy, target, wanted, [requestedBy, approver])
      return { ...nothing, rules: [rule] }
    }
    if (action === 'add-client-exception') {
      const wanted = exceptionWanted.parse(payload)
      const { exception } = await operations.addClientException(requestedBy, wanted, approver)
      return { ...nothing, exceptions: [exception] }
    }
    return { ...nothing, suspensions: await fulfilSuspension(request, approver) }
  }
  const fulfilSuspension = async (request: ApprovalRequest, approver: string): Promise<readonly Suspension[]> => {
    const { action, target, payload, requestedBy } = request
    const both = [requestedBy, approver]
    switch (action) {
      case 'start-suspension': {
        const wanted = ADMIN_ROUTES.startSuspension.body.parse(payload)
        return (await operations.startSuspensions(requestedBy, [wanted], { approvedBy: both })).suspensions
      }
      case 'start-playbook': {
        const { document, isDrill } = playbookWanted.parse(payload)
        const starting = { approvedBy: both, playbookId: target, rules: document.rules }
        const wanted = stepsOf(document, { isDrill }, now())
        return (await operations.startSuspensions(requestedBy, wanted, starting)).suspensions
      }
      case 'confirm-suspension':
        return [(await operations.changeSuspension(approver, target, action, confirmBy(approver))).suspension]
      case 'extend-suspension': {
        const set = extendWith(extension.parse(payload), both)
        return [(await operations.changeSuspension(requestedBy, target, action, set)).suspension]
      }
      case 'exempt-suspension': {
        const set = exemptWith(exemptionsGiven.parse(payload), both)
        return [(await operations.changeSuspension(requestedBy, target, action, set)).suspension]
      }
      case 'end-suspension': {
        return [(await endAs(requestedBy, target, endWanted.parse(payload), false)).suspension]
      }
      case 'discard-held': {
        await operations.discardReviewed(requestedBy, target, undefined)
        return [(await findSuspension(db, target))!]
      }
      default:
        throw new Error(`${action} cannot be approved`)
    }
  }
  const decide = async (by: Person, id: string, outcome: 'approved' | 'refused') =>
    transact(db, async (tx) => {
      const request = await decideApprovalRequest(tx, id, { by: by.name, at: now(), outcome })
      if (!request) throw new Refusal('no-such-request')
      const action = outcome === 'approved' ? 'approve-request' : 'refuse-request'
      const detail = { request: id, action: request.action, requestedBy: request.requestedBy }
      await appendAudit(tx, { actor: by.name, action, target: request.target || id, detail }, now())
      return request
    })

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
      if ('done' in outcome && how.isDrill !== true && !isRehearsal()) {
        alert(`Playbook ${name} was started by ${by.name}: ${document.reason}`, document.notify ?? [])
      }
      return outcome
    },
    async extend(by, id, times) {
      const row = await get(id)
      const isGuarded = takesTwo('extend', row)
      if (isGuarded && !actsAlone(by)) return ask(by, 'extend-suspension', id, times)
      const set = extendWith(times, [])
      const done = await operations.changeSuspension(by.name, id, 'extend-suspension', (before) => ({
        ...set(before),
        ...due(isGuarded),
      }))
      return { done }
    },
    async exempt(by, id, exemptions) {
      const row = await get(id)
      const isGuarded = takesTwo('exempt', row)
      if (isGuarded && !actsAlone(by)) return ask(by, 'exempt-suspension', id, exemptions)
      const set = exemptWith(exemptions, [])
      const done = await operations.changeSuspension(by.name, id, 'exempt-suspension', (before) => ({
        ...set(before),
        ...due(isGuarded),
      }))
      return { done }
    },
    async end(by, id, ending) {
      const row = await get(id)
      const isGuarded = takesTwo('end', row)
      if (isGuarded && !actsAlone(by)) return ask(by, 'end-suspension', id, ending)
      return { done: await endAs(by.name, id, ending, isGuarded) }
    },
    async discardHeld(by, id, only) {
      const row = isId(id) ? await findSuspension(db, id) : undefined
      if (!row) throw new Refusal('no-such-suspension')
      if (row.endedAt === null || row.release !== 'review') throw new Refusal('not-under-review')
      const isGuarded = only === undefined && takesTwo('end', row)
      if (isGuarded && !actsAlone(by)) return ask(by, 'discard-held', id, {})
      return { done: await operations.discardReviewed(by.name, id, only) }
    },
    async guardRule(by, id, wanted) {
      const row = isId(id) ? await findClientRule(db, id) : undefined
      if (!row) throw new Refusal('no-such-rule')
      if (!wanted.isGuarded && !mayBeUnguarded(settingFrom(row))) throw new Refusal('guardrails-needed')
      if (!wanted.isGuarded && isActive() && !actsAlone(by)) return ask(by, 'unguard-client-rule', id, wanted)
      return { done: await operations.setClientRuleGuarded(by.name, id, wanted, [by.name]) }
    },
    async addException(by, wanted) {
      if (isActive() && !actsAlone(by)) {
        // What cannot be done is refused to whoever asks, not to whoever agrees.
        await rehearse(() => operations.addClientException(by.name, wanted))
        return ask(by, 'add-client-exception', wanted.rule ?? '', wanted)
      }
      return { done: await operations.addClientException(by.name, wanted) }
    },
    async approve(by, id) {
      const request = isId(id) ? await findApprovalRequest(db, id) : undefined
      if (!request) throw new Refusal('no-such-request')
      if (request.requestedBy === by.name) throw new Refusal('own-request')
      if (!by.mayActAlone && !approvers().includes(by.name)) throw new Refusal('forbidden')
      await decide(by, id, 'approved')
      try {
        return await fulfil(request, by.name)
      } catch (error) {
        // It was agreed to and could not be done: somebody may agree again.
        if (!isRehearsal()) await reopenApprovalRequest(db, id)
        throw error
      }
    },
    async refuse(by, id) {
      if (!isId(id)) throw new Refusal('no-such-request')
      return decide(by, id, 'refused')
    },
    async review(by, id, note) {
      return transact(db, async (tx) => {
        const before = isId(id) ? await findSuspension(tx, id) : undefined
        if (!before) throw new Refusal('no-such-suspension')
        // Who did it alone is not the one who looks at it, as long as there is somebody else.
        const isOwn = before.startedBy === by.name || before.endedBy === by.name
        if (isOwn && (isActive() || !by.mayActAlone)) throw new Refusal('own-request')
        const reviewed = await reviewSuspension(tx, id, { by: by.name, at: now(), note })
        if (!reviewed) throw new Refusal('nothing-to-review')
        await appendAudit(tx, { actor: by.name, action: 'review-suspension', target: id, detail: { note } }, now())
        return reviewed
      })
    },
  }
}

/** The suspensions that a playbook starts. */
export function stepsOf(document: PlaybookDocument, how: PlaybookStart, at: Date): NewSuspension[] {
  const { steps, reason, reasons, internalReason, exemptions, endAfterMin, reviewAfterMin } = document
  const after = (minutes: number) => new Date(at.getTime() + minutes * MINUTE_MS).toISOString()
  return steps.map((step) => ({
    ...step,
    reason,
    ...(reasons && { reasons }),
    ...(internalReason !== undefined && { internalReason }),
    ...(exemptions && { exemptions }),
    ...(endAfterMin !== undefined && { until: after(endAfterMin) }),
    ...(reviewAfterMin !== undefined && { reviewAt: after(reviewAfterMin) }),
    ...(how.isEmergency !== undefined && { isEmergency: how.isEmergency }),
    ...(how.isDrill !== undefined && { isDrill: how.isDrill }),
  }))
}
