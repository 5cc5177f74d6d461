import { Refusal } from '@drawbridge/contract'
import { appendAudit } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { personOf } from './suspensions.ts'

/** Tokens on paper for the day on which nothing else works. */
export function offlineTokenHandlers({
  db,
  policy: { guarded, standalone },
  now,
}: AdminContext): AdminHandlers<'createOfflineToken' | 'useOfflineToken'> {
  return {
    createOfflineToken: (request) =>
      guarded.handlePaper(personOf(actorOf(request)), async () => {
        const { scope } = request.body
        const expiresAt = new Date(request.body.expiresAt)
        if (expiresAt <= now()) throw new Refusal('end-in-the-past')
        const { text, nonce } = standalone.createToken(scope, expiresAt)
        const made = { nonce, expiresAt: expiresAt.toISOString() }
        // Good once it is read: nobody gets one to look at.
        if (request.isDryRun) return made
        const detail = { scope, expiresAt: made.expiresAt }
        const actor = actorOf(request).name
        await appendAudit(db, { actor, action: 'create-offline-token', target: nonce, detail }, now())
        return { ...made, token: text }
      }),
    async useOfflineToken(request) {
      const by = personOf(actorOf(request))
      return guarded.handlePaper(by, () => standalone.takeToken(by.name, request.body.token))
    },
  }
}
