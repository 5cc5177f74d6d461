import type { RecallView } from '@drawbridge/contract'
import { Refusal } from '@drawbridge/contract'
import { findRecall, listCensus, listRecalls } from '@drawbridge/db'
import type { Recall } from '@drawbridge/db'
import { recallSetting } from '@drawbridge/policy'
import { isId } from '../policy/client-rules.ts'
import { recallInputFrom } from '../policy/stored-rules.ts'
import { localpartFrom } from '../routing/account-name.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { lastChangeOf } from './nodes.ts'
import { pageOf } from './page.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30

/** Taking back what was delivered, and what images there were. */
export function recallHandlers({
  db,
  domain,
  accounts,
  policy: { operations },
  now,
}: AdminContext): AdminHandlers<'listRecalls' | 'getRecall' | 'startRecall' | 'endRecall' | 'getImageCensus'> {
  /** A name that nobody has would recall nothing, and nobody would notice. */
  const localpartOf = (name: string) => {
    const localpart = localpartFrom(name, domain)
    if (!accounts.find(localpart)) throw new Refusal('no-such-account', { detail: name })
    return localpart
  }
  return {
    async listRecalls({ query: { cursor, limit = 100 } }) {
      if (cursor !== undefined && !isId(cursor)) throw new Refusal('bad-request')
      const rows = await listRecalls(db, limit + 1, cursor)
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.id : undefined
      return { recalls: page.map(recallView), ...(next === undefined ? {} : { next }) }
    },
    async getRecall({ params: { id } }) {
      const row = isId(id) ? await findRecall(db, id) : undefined
      if (!row) throw new Refusal('no-such-recall')
      const last = await lastChangeOf(db, id)
      return { recall: recallView(row), ...(last && { appliedBy: last.appliedBy }) }
    },
    async startRecall(request) {
      const { senders, ...rest } = request.body
      const named = senders === undefined ? rest : { ...rest, senders: senders.map(localpartOf) }
      const { recall, effect, files } = await operations.startRecall(actorOf(request).name, named)
      return { recall: recallView(recall), effect, files }
    },
    async endRecall(request) {
      const { recall, effect } = await operations.endRecall(actorOf(request).name, request.params.id)
      return { recall: recallView(recall), effect }
    },
    async getImageCensus({ query: { days = DEFAULT_DAYS, ...query } }) {
      const from = new Date(now().getTime() - days * DAY_MS).toISOString().slice(0, 10)
      const { page, more } = pageOf(await listCensus(db, from), query, (row) => {
        const { day, profile, inputFormat, outcome, reason, features, decoder, encoder } = row
        return [day, profile, inputFormat, outcome, reason, features, decoder, encoder]
      })
      const rows = page.map((row) => ({ ...row, features: row.features === '' ? [] : row.features.split(' ') }))
      return { rows, ...more }
    },
  }
}

function recallView(row: Recall): RecallView {
  const { hashes, uploads, senders, sendersUntil, formats, sentFrom, sentUntil } = recallSetting.parse(
    recallInputFrom(row),
  )
  const { id, reason, sinceAt, startedBy, endedAt, endedBy } = row
  const gone = Object.entries(sendersUntil).map(([sender, until]) => ({ sender, at: new Date(until).toISOString() }))
  return {
    id,
    ...(hashes === undefined ? {} : { hashes }),
    ...(uploads === undefined ? {} : { uploads: uploads.length }),
    ...(senders === undefined ? {} : { senders }),
    ...(gone.length === 0 ? {} : { gone }),
    ...(formats === undefined ? {} : { formats }),
    ...(sentFrom === undefined ? {} : { sentFrom: new Date(sentFrom).toISOString() }),
    ...(sentUntil === undefined ? {} : { sentUntil: new Date(sentUntil).toISOString() }),
    reason,
    since: sinceAt.toISOString(),
    startedBy,
    ...(endedAt === null ? {} : { endedAt: endedAt.toISOString() }),
    ...(endedBy === null ? {} : { endedBy }),
  }
}
