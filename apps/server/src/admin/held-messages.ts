import type { HeldMessageView } from '@drawbridge/contract'
import { Refusal } from '@drawbridge/contract'
import { appendAudit, findSuspension, listHeld } from '@drawbridge/db'
import type { HeldMessage } from '@drawbridge/db'
import { isId } from '../policy/client-rules.ts'
import type { SettleAction } from '../policy/fulfil-request.ts'
import { sharedMedia } from '../routing/shared-media.ts'
import { parseStored } from '../routing/parse-stored.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers, AdminRequest } from './api.ts'
import { approvalView } from './suspension-views.ts'
import { personOf } from './suspensions.ts'

const PAGE = 100

type Ids = 'listHeldMessages' | 'releaseHeldMessages' | 'discardHeldMessages'

/** What suspensions hold, for those who decide about it one by one. Whoever reads content is on record. */
export function heldMessageHandlers({ db, policy: { guarded }, now }: AdminContext): AdminHandlers<Ids> {
  const settle = (request: AdminRequest<'releaseHeldMessages' | 'discardHeldMessages'>, action: SettleAction) =>
    guarded.settle(personOf(actorOf(request)), request.params.id, action, request.body.messages)
  return {
    async listHeldMessages(request) {
      const { params, query } = request
      const suspension = isId(params.id) ? await findSuspension(db, params.id) : undefined
      if (!suspension) throw new Refusal('no-such-suspension')
      const limit = query.limit ?? PAGE
      const rows = await listHeld(db, params.id, limit + 1, { after: positionFrom(query.cursor) })
      const page = rows.slice(0, limit)
      const hasContent = query.content === 'true'
      if (hasContent && page.length > 0) {
        const detail = { messages: page.map(({ id }) => id) }
        await appendAudit(db, { actor: actorOf(request).name, action: 'read-held', target: params.id, detail }, now())
      }
      const last = page.at(-1)
      const next = rows.length > limit && last ? { next: String(last.position) } : {}
      return { messages: page.map((row) => heldView(row, hasContent)), ...next }
    },
    async releaseHeldMessages(request) {
      const { done: released = 0, request: waiting } = await settle(request, 'release-held')
      return { released, ...(waiting && { request: approvalView(waiting) }) }
    },
    async discardHeldMessages(request) {
      const { done: discarded = 0, request: waiting } = await settle(request, 'discard-held')
      return { discarded, ...(waiting && { request: approvalView(waiting) }) }
    },
  }
}

function heldView({ id, stanza, sentAt, recipients }: HeldMessage, hasContent: boolean): HeldMessageView {
  const element = parseStored(stanza)
  const body = hasContent ? element.getChildText('body') : undefined
  return {
    id,
    from: element.attrs['from'] ?? '',
    to: recipients.map(({ owner }) => owner),
    sentAt: sentAt.toISOString(),
    hasMedia: sharedMedia(element) !== undefined,
    ...(body === undefined ? {} : { body }),
  }
}

function positionFrom(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^[1-9]\d{0,14}$/u.test(cursor)) throw new Refusal('bad-request')
  return Number(cursor)
}
