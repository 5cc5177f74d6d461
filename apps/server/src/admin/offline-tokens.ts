import { Refusal } from '@drawbridge/contract'
import { appendAudit } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

/** Tokens on paper for the day on which nothing else works. */
export function offlineTokenHandlers({
  db,
  policy: { standalone },
  now,
}: AdminContext): AdminHandlers<'createOfflineToken' | 'useOfflineToken'> {
  return {
    async createOfflineToken(request) {
      const { scope } = request.body
      const expiresAt = new Date(request.body.expiresAt)
      if (expiresAt <= now()) throw new Refusal('end-in-the-past')
      const { text, nonce } = standalone.createToken(scope, expiresAt)
      const detail = { scope, expiresAt: expiresAt.toISOString() }
      await appendAudit(
        db,
        { actor: actorOf(request).name, action: 'create-offline-token', target: nonce, detail },
        now(),
      )
      return { token: text, nonce, expiresAt: expiresAt.toISOString() }
    },
    useOfflineToken: ({ body }) => standalone.takeToken(body.token),
  }
}
