import { ADMIN_ROUTES, playbookDocument } from '@drawbridge/contract'
import type { NewSuspension, PlaybookDocument } from '@drawbridge/contract'
import { findSuspension } from '@drawbridge/db'
import type { ApprovalRequest, ClientException, ClientRule, Db, Suspension } from '@drawbridge/db'
import { z } from 'zod'
import type { Also } from './client-rules.ts'
import type { Operations } from './operations.ts'
import { confirmBy, exemptWith, extendWith, extension, moreExemptions } from './suspension-edits.ts'

const MINUTE_MS = 60_000

export interface PlaybookStart {
  readonly isEmergency?: boolean | undefined
  readonly isDrill?: boolean | undefined
}

export type Ended = Awaited<ReturnType<Operations['endSuspension']>>
export type ExceptionChange = Awaited<ReturnType<Operations['addClientException']>>
export type ChangedSuspension = Awaited<ReturnType<Operations['changeSuspension']>>

/** What was done because another person agreed. */
export interface Approved {
  readonly suspensions: readonly Suspension[]
  readonly rules: readonly ClientRule[]
  readonly exceptions: readonly ClientException[]
}

const guardWanted = ADMIN_ROUTES.guardClientRule.body
const ruleWanted = ADMIN_ROUTES.addClientRule.body
const exceptionWanted = ADMIN_ROUTES.addClientException.body
const playbookWanted = z.strictObject({ name: z.string(), document: playbookDocument, isDrill: z.boolean().optional() })
const endWanted = z.strictObject({
  release: ADMIN_ROUTES.endSuspension.query.shape.release.unwrap(),
  canary: z.strictObject({ units: z.array(z.string()).min(1), minutes: z.int().min(1) }).optional(),
})
/** How a suspension is to end. */
export type Ending = z.output<typeof endWanted>

const settleWanted = ADMIN_ROUTES.discardHeldMessages.body
/** Which of the messages that are held. */
export type Selection = z.output<typeof settleWanted>['messages']

const SETTLE = { 'release-held': 'releaseReviewed', 'discard-held': 'discardReviewed' } as const
/** What becomes of messages that wait for a person. */
export type SettleAction = keyof typeof SETTLE

/** Puts those on record who did alone what takes two people. */
type Alone = (id: string, by: readonly string[]) => Also

/** What may wait for another person, and is done here once it need not. */
export interface Fulfil {
  /** Ends it; or lets the canaries in, and puts an end to it for the keeper to see to. */
  end(by: string, id: string, ending: Ending, also?: Also): Promise<Ended>
  /** How many messages were released, or discarded. */
  settle(by: string, id: string, action: SettleAction, messages: Selection, also?: Also): Promise<number>
  /**
   * Does what a request asks for, in the name of whoever asked.
   *
   * @param decided - puts the agreement on record, in the transaction of what is done.
   * @param alone - present when nobody knows that the approver is somebody else.
   */
  request(request: ApprovalRequest, approver: string, decided: Also, alone: Alone | undefined): Promise<Approved>
}

export interface FulfilOptions {
  readonly db: Db
  readonly operations: Operations
  readonly now: () => Date
}

export function createFulfil({ db, operations, now }: FulfilOptions): Fulfil {
  const { startSuspensions, changeSuspension } = operations
  const end: Fulfil['end'] = async (by, id, { release, canary }, also) => {
    if (!canary) return operations.endSuspension(by, id, release, also)
    const untilAt = new Date(now().getTime() + canary.minutes * MINUTE_MS)
    const exempt = exemptWith({ units: canary.units }, [])
    const edit = (row: Suspension) => ({ ...exempt(row), release, untilAt })
    return changeSuspension(by, id, 'begin-ending', edit, also)
  }
  const settle: Fulfil['settle'] = (by, id, action, messages, also) =>
    operations[SETTLE[action]](by, id, messages === 'all' ? undefined : messages, also)

  const suspensionsOf = async (
    { action, target, payload, requestedBy }: ApprovalRequest,
    approver: string,
    decided: Also,
    alone: Alone | undefined,
  ): Promise<readonly Suspension[]> => {
    const both = [requestedBy, approver]
    const starting = { approvedBy: both, alone: alone ? both : [], isLarge: true, also: decided }
    const onTarget: Also = async (tx) => {
      await decided(tx)
      await alone?.(target, both)(tx)
    }
    switch (action) {
      case 'start-suspension': {
        const wanted = { ...ADMIN_ROUTES.startSuspension.body.parse(payload), isEmergency: false }
        return (await startSuspensions(requestedBy, [wanted], starting)).suspensions
      }
      case 'start-playbook': {
        const { document, isDrill } = playbookWanted.parse(payload)
        const { rules } = document
        const wanted = stepsOf(document, { isDrill }, now())
        return (await startSuspensions(requestedBy, wanted, { ...starting, playbookId: target, rules })).suspensions
      }
      case 'confirm-suspension':
        return [(await changeSuspension(approver, target, action, confirmBy(approver), onTarget)).suspension]
      case 'extend-suspension': {
        const edit = extendWith(extension.parse(payload), both, now())
        return [(await changeSuspension(requestedBy, target, action, edit, onTarget)).suspension]
      }
      case 'exempt-suspension': {
        const edit = exemptWith(moreExemptions.parse(payload), both)
        return [(await changeSuspension(requestedBy, target, action, edit, onTarget)).suspension]
      }
      case 'end-suspension':
        return [(await end(requestedBy, target, endWanted.parse(payload), onTarget)).suspension]
      case 'release-held':
      case 'discard-held': {
        await settle(requestedBy, target, action, settleWanted.parse(payload).messages, onTarget)
        return [(await findSuspension(db, target))!]
      }
      default:
        throw new Error(`${action} cannot be approved`)
    }
  }

  return {
    end,
    settle,
    async request(request, approver, decided, alone) {
      const { action, target, payload, requestedBy } = request
      const nothing = { suspensions: [], rules: [], exceptions: [] }
      if (action === 'unguard-client-rule') {
        const both = [requestedBy, approver]
        const wanted = guardWanted.parse(payload)
        const { rule } = await operations.setClientRuleGuarded(requestedBy, target, wanted, both, decided)
        return { ...nothing, rules: [rule] }
      }
      if (action === 'add-client-rule') {
        const agreed = { approvedBy: approver, also: decided }
        const { rule } = await operations.addClientRule(requestedBy, ruleWanted.parse(payload), null, agreed)
        return { ...nothing, rules: [rule] }
      }
      if (action === 'add-client-exception') {
        const wanted = exceptionWanted.parse(payload)
        const { exception } = await operations.addClientException(requestedBy, wanted, approver, decided)
        return { ...nothing, exceptions: [exception] }
      }
      return { ...nothing, suspensions: await suspensionsOf(request, approver, decided, alone) }
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
