import { findUpload } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { compileRecalls } from '@drawbridge/policy'
import type { RecallSetting } from '@drawbridge/policy'
import { linkOfKey } from './link.ts'

/** Links of one message that are looked at: the image filter lets no more files in. */
const MAX_LINKS = 64

/**
 * Whether everything that a stored message links to is still there, clean, and not recalled: for what was held while
 * files like it were looked into.
 */
export async function isStillClean(
  stanza: string,
  { db, recalls }: { readonly db: Db; readonly recalls: readonly RecallSetting[] },
): Promise<boolean> {
  const findRecall = compileRecalls(recalls)
  const keys = new Set([...stanza.matchAll(/\/upload\/([\w-]{43})\//gu)].map(([, key = '']) => key))
  for (const key of [...keys].slice(0, MAX_LINKS)) {
    const link = linkOfKey(key)
    const upload = link && (await findUpload(db, link.id))
    // A thumbnail has a link of its own, and ends with its image.
    if (!upload) continue
    const { state, cleanSha256, cleanType, accountId, createdAt } = upload
    if (state !== 'clean' || !cleanSha256) return false
    const senderId = accountId ?? undefined
    const file = { id: upload.id, sha256: cleanSha256.toString('hex'), senderId, sentAt: createdAt.getTime() }
    const format = cleanType?.startsWith('image/') === true ? cleanType.slice('image/'.length) : undefined
    if (findRecall(file, format)) return false
  }
  return true
}
