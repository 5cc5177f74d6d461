import { dryRunQuery, Refusal } from '@drawbridge/contract'
import type { AdminRoute, AdminRouteId } from '@drawbridge/contract'
import { appendAudit } from '@drawbridge/db'
import { rehearse } from '../policy/rehearsal.ts'
import type { Actor, Reach } from './actor.ts'
import type { AdminContext, AdminHandlers, Exchange } from './api.ts'
import { authorizeTarget } from './authorize.ts'
import { checked } from './request.ts'

/** A request of somebody who may use the route; nothing else of it has been looked at. */
export interface Asked {
  readonly id: AdminRouteId
  readonly route: AdminRoute
  readonly actor: Actor | undefined
  readonly reach: Reach
  readonly params: unknown
  readonly query: Readonly<Record<string, string>>
  /** Read when all that comes before it is in order. */
  readonly body: () => Promise<unknown>
  readonly remoteAddress: string
  readonly exchange?: Exchange
}

/** A request of which everything fits the route, and which is about something within reach. */
export interface Checked {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly isDryRun: boolean
}

type AnyHandler = (
  request: Checked & {
    readonly actor: Actor | undefined
    readonly reach: Reach
    readonly remoteAddress: string
    readonly exchange?: Exchange
  },
) => Promise<unknown>

/**
 * Checks a request against its route: parameters, what they name, query, body, in this order.
 *
 * @throws Refusal `item-not-found` for an id that cannot be one, and whatever `authorizeTarget` throws, `bad-request`
 */
export async function check(context: AdminContext, asked: Asked): Promise<Checked> {
  const { route, actor, reach } = asked
  const params = route.params.safeParse(asked.params)
  // An id that cannot be one names nothing.
  if (!params.success) throw new Refusal('item-not-found')
  authorizeTarget(context, route, { actor, reach, name: String(params.data['name'] ?? '') })
  const { dryRun, ...query } = asked.query
  const isDryRun = dryRun !== undefined && checked(dryRunQuery, { dryRun }).dryRun === 'true'
  if (dryRun !== undefined && !route.isPolicyWrite) throw new Refusal('bad-request', { detail: 'There is no dry run.' })
  const checkedQuery = checked(route.query, query)
  return { params: params.data, query: checkedQuery, body: await asked.body(), isDryRun }
}

/** Does what was asked for. What people wrote or sent is not shown before that is on record. */
export async function perform(
  context: AdminContext,
  handlers: AdminHandlers,
  { id, route, actor, reach, remoteAddress, exchange }: Asked,
  request: Checked,
): Promise<unknown> {
  if (route.isOnRecord) {
    const action = id.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)
    const detail = { ...(request.params as object), ...(request.query as object) }
    await appendAudit(context.db, { actor: actor?.name ?? '', action, target: '', detail }, context.now())
  }
  const handle = handlers[id] as AnyHandler
  const work = () => handle({ ...request, actor, reach, remoteAddress, ...(exchange && { exchange }) })
  return request.isDryRun ? rehearse(work) : work()
}
