import { ADMIN_ROUTES, Refusal } from '@drawbridge/contract'
import {
  countHeldEach,
  findLatestEpochs,
  findSuspension,
  listActiveSuspensions,
  listApprovalRequestsAbout,
  listAuditAbout,
  listEndedSuspensions,
} from '@drawbridge/db'
import type { Suspension } from '@drawbridge/db'
import { claimFrom, effectiveSuspensions, identify, isWholeCut } from '@drawbridge/policy'
import { isId } from '../policy/client-rules.ts'
import type { Ending } from '../policy/fulfil-request.ts'
import type { Guarded } from '../policy/guarded.ts'
import { localpartFrom } from '../routing/account-name.ts'
import { LOCAL_ACTOR } from './actor.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { entryView } from './audit.ts'
import { lastChangeOf } from './nodes.ts'
import { pageOf, placeFrom } from './page.ts'
import type { Place } from './page.ts'
import { checkNames } from './suspension-names.ts'
import { approvalView, suspensionView } from './suspension-views.ts'
import type { z } from 'zod'

/** Suspensions of one answer where nobody says how many. */
const PAGE = 500
/** Rows of the audit log in an incident record. */
const MAX_RECORD = 1_000

type EndQuery = z.output<typeof ADMIN_ROUTES.endSuspension.query>

type Ids =
  | 'listSuspensions'
  | 'getSuspension'
  | 'startSuspension'
  | 'explainSuspensions'
  | 'extendSuspension'
  | 'exemptSuspension'
  | 'endSuspension'
  | 'reviewSuspension'
  | 'getIncidentRecord'

/** Suspending and resuming. */
export function suspensionHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, domain, policy, accounts, now } = context
  const { guarded, gate, standalone } = policy
  return {
    async listSuspensions(request) {
      const { cursor, limit = PAGE } = request.query
      if (actorOf(request).kind === 'local' && !(await standalone.isReachable())) {
        return { suspensions: standalone.known().map((row) => suspensionView(row)), isRemembered: true as const }
      }
      const after = cursor === undefined ? undefined : placeFrom(cursor)
      const ended = await listEndedSuspensions(db, limit + 1, after?.[0] === ENDED ? endFrom(after) : undefined)
      const rows = after?.[0] === ENDED ? ended : [...(await listActiveSuspensions(db)), ...ended]
      const { page, more } = pageOf(rows, { cursor, limit }, placeOf)
      const ids = page.map(({ id }) => id)
      const [held, epochs] = await Promise.all([countHeldEach(db), findLatestEpochs(db, ids)])
      return { suspensions: page.map((row) => suspensionView(row, held, epochs.get(row.id))), ...more }
    },
    async getSuspension({ params: { id } }) {
      const row = isId(id) ? await findSuspension(db, id) : undefined
      if (!row) throw new Refusal('no-such-suspension')
      const [held, last] = await Promise.all([countHeldEach(db), lastChangeOf(db, id)])
      return { suspension: suspensionView(row, held, last?.epoch), ...(last && { appliedBy: last.appliedBy }) }
    },
    async startSuspension(request) {
      const { body } = request
      const isLocal = actorOf(request).kind === 'local'
      // Whoever can open the local socket must not depend on the database (control §4.3).
      if (isLocal && !request.isDryRun && !(await standalone.isReachable())) {
        if (!isWholeCut(body)) throw new Refusal('database-unavailable')
        const impact = await guarded.impactOf([body])
        const cut = standalone.cut(LOCAL_ACTOR.name, body.reason)
        return { ...cut, suspension: suspensionView(cut.suspension), impact }
      }
      const warned = await checkNames(body, context)
      const impact = await guarded.impactOf([body], personOf(actorOf(request)), body.isDrill)
      const outcome = await guarded.start(personOf(actorOf(request)), body)
      if (outcome.request) return { impact, request: approvalView(outcome.request), ...warned }
      const { suspensions, effect } = outcome.done
      return { suspension: suspensionView(suspensions[0]!), effect, impact, ...warned }
    },
    async explainSuspensions({ query: { account: name, client, ...rest } }) {
      const account = name === undefined ? undefined : accounts.find(localpartFrom(name, domain))
      if (name !== undefined && !account) throw new Refusal('no-such-account')
      const facts = account && gate.allFactsOf(account)
      const identity = identify(client === undefined ? [] : [claimFrom({ source: 'client-element', name: client })])
      const subject = { ...rest, at: now().getTime(), account: facts, client: identity, from: account?.bareJid }
      return { actions: effectiveSuspensions(gate.settings.suspensions, subject) }
    },
    async extendSuspension(request) {
      return changed(await guarded.extend(personOf(actorOf(request)), request.params.id, request.body))
    },
    async exemptSuspension(request) {
      const warned = await checkNames({ exemptions: request.body }, context)
      return {
        ...changed(await guarded.exempt(personOf(actorOf(request)), request.params.id, request.body)),
        ...warned,
      }
    },
    async endSuspension(request) {
      const { params, query } = request
      const isLocal = actorOf(request).kind === 'local'
      const isAway = isLocal && !request.isDryRun && !(await standalone.isReachable())
      const end = isAway ? standalone.end : standalone.endOwn
      const here = isLocal && !request.isDryRun ? end(LOCAL_ACTOR.name, params.id) : undefined
      if (isAway && !here) throw new Refusal('database-unavailable')
      if (here) return { ...here, suspension: suspensionView(here.suspension), released: 0, discarded: 0 }
      const outcome = await guarded.end(personOf(actorOf(request)), params.id, await endingFrom(query, context))
      if (outcome.request) return { request: approvalView(outcome.request), released: 0, discarded: 0 }
      const { suspension, ...rest } = outcome.done
      return { suspension: suspensionView(suspension, await countHeldEach(db)), ...rest }
    },
    async reviewSuspension(request) {
      const { params, body } = request
      return { suspension: suspensionView(await guarded.review(personOf(actorOf(request)), params.id, body.note)) }
    },
    async getIncidentRecord({ params: { id } }) {
      const row = isId(id) ? await findSuspension(db, id) : undefined
      if (!row) throw new Refusal('no-such-suspension')
      const [held, requests, audit] = await Promise.all([
        countHeldEach(db),
        listApprovalRequestsAbout(db, id),
        listAuditAbout(db, id, MAX_RECORD),
      ])
      const at = now()
      const suspension = suspensionView(row, held)
      return {
        suspension,
        requests: requests.map((one) => ({
          ...approvalView(one),
          outcome: one.outcome ?? (one.expiresAt <= at ? ('expired' as const) : ('open' as const)),
          ...(one.decidedBy === null ? {} : { decidedBy: one.decidedBy }),
          ...(one.decidedAt === null ? {} : { decidedAt: one.decidedAt.toISOString() }),
        })),
        audit: audit.map(entryView),
        counts: { held: suspension.held.count, released: row.released, discarded: row.discarded },
      }
    },
  }
}

/** Those that have ended come after the others, the last one first. */
const ENDED = 1

function placeOf({ endedAt, sinceAt, id }: Suspension): Place {
  return endedAt === null ? [0, sinceAt.getTime(), id] : [ENDED, -endedAt.getTime(), id]
}

function endFrom([, negativeMs, id]: Place): { readonly endedAt: Date; readonly id: string } {
  if (typeof negativeMs !== 'number' || typeof id !== 'string' || !isId(id)) throw new Refusal('bad-request')
  return { endedAt: new Date(-negativeMs), id }
}

/** Whoever acts, as the two-person rule sees them: the local socket and break-glass accounts act alone. */
export function personOf(actor: Actor) {
  return { name: actor.name, mayActAlone: actor.kind === 'local' || actor.account.isBreakGlass }
}

/** Long enough for some to come back and to say what is wrong, in minutes. */
const CANARY_MIN = 5

async function endingFrom(
  { release = 'in-order', canaryUnits, canaryMin = CANARY_MIN }: EndQuery,
  context: AdminContext,
): Promise<Ending> {
  const units = canaryUnits?.split(',').flatMap((name) => name.trim() || []) ?? []
  await checkNames({ exemptions: { units } }, context)
  return units.length === 0 ? { release } : { release, canary: { units, minutes: canaryMin } }
}

type ChangedSuspension = Awaited<ReturnType<AdminContext['policy']['operations']['changeSuspension']>>

function changed(outcome: Guarded<ChangedSuspension>) {
  if (outcome.request) return { request: approvalView(outcome.request) }
  const { suspension, effect } = outcome.done
  return { suspension: suspensionView(suspension), effect }
}
