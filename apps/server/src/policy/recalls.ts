import { Refusal } from '@drawbridge/contract'
import type { Effect, NewRecall } from '@drawbridge/contract'
import {
  countRecalled,
  endRecall,
  insertRecall,
  listAccountIds,
  listLinkedUploads,
  listRelatedHashes,
  MAX_RECALLED_UPLOADS,
  uuidv7,
} from '@drawbridge/db'
import type { Db, Recall, RecallScope } from '@drawbridge/db'
import { isId } from './client-rules.ts'
import type { Change } from './client-rules.ts'

/** Taking back what was delivered. Each returns when this node serves it no more, or again. */
export interface RecallOperations {
  /** Resolves with how many files it is about, too: what stanzas hold themselves is not counted. */
  startRecall(actor: string, recall: NewRecall): Promise<{ recall: Recall; effect: Effect; files: number }>
  endRecall(actor: string, id: string): Promise<{ recall: Recall; effect: Effect }>
}

/** Builds the operations. @param change - see `createOperations`, which runs them one at a time. */
export function createRecallOperations(db: Db, change: Change, now: () => Date): RecallOperations {
  return {
    async startRecall(actor, recall) {
      // Asked before anybody has to wait: a room may hold many messages.
      const sinceAt = now()
      const scope = await scopeFrom(db, withEnd(recall, sinceAt))
      const row = { id: uuidv7(), scope, reason: recall.reason, sinceAt, startedBy: actor }
      const { reason, ...written } = recall
      const { result, effect } = await change(async (tx) => {
        const result = await insertRecall(tx, row)
        return { result, entry: { actor, action: 'start-recall', target: row.id, detail: { ...written, reason } } }
      })
      return { recall: result, effect, files: await countRecalled(db, scope) }
    },
    async endRecall(actor, id) {
      const { result, effect } = await change(async (tx) => {
        const result = isId(id) ? await endRecall(tx, id, actor, now()) : undefined
        if (!result) throw new Refusal('no-such-recall')
        return { result, entry: { actor, action: 'end-recall', target: id } }
      })
      return { recall: result, effect }
    },
  }
}

/**
 * A recall takes back what was delivered: what its sender sends later is new, unless the recall says until when. The same
 * bytes stay recalled whenever they come.
 */
function withEnd(recall: NewRecall, now: Date): NewRecall {
  return recall.hashes === undefined ? { sentUntil: now.toISOString(), ...recall } : recall
}

/**
 * What the rule needs: hashes of what is served, whatever the hash that was given is of, and for a room the uploads that
 * were shared there until now. @throws Refusal when a room holds more than one recall can name.
 */
async function scopeFrom(db: Db, recall: NewRecall): Promise<RecallScope & { readonly room?: string }> {
  const { hashes, senders, formats, room, sentFrom, sentUntil } = recall
  const scope = {
    ...(hashes === undefined ? {} : { hashes: await listRelatedHashes(db, hashes) }),
    ...(senders === undefined ? {} : { senders, senderIds: await listAccountIds(db, senders) }),
    ...(formats === undefined ? {} : { formats }),
    ...(sentFrom === undefined ? {} : { sentFrom: Date.parse(sentFrom) }),
    ...(sentUntil === undefined ? {} : { sentUntil: Date.parse(sentUntil) }),
  }
  if (room === undefined) return scope
  const window = { from: dateFrom(sentFrom), until: dateFrom(sentUntil) }
  const uploads = await listLinkedUploads(db, room, window)
  if (uploads.length >= MAX_RECALLED_UPLOADS) {
    throw new Refusal('bad-request', { detail: 'The room holds too many files for one recall: name a shorter time.' })
  }
  return { ...scope, uploads, room }
}

function dateFrom(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}
