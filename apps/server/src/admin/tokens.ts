import { Refusal, TOKEN_DAYS } from '@drawbridge/contract'
import type { ApiTokenView } from '@drawbridge/contract'
import { appendAudit, insertApiToken, isUuid, listApiTokens, revokeApiToken } from '@drawbridge/db'
import type { ApiToken } from '@drawbridge/db'
import { localpartFrom } from '../routing/account-name.ts'
import type { Account } from '../routing/accounts.ts'
import { apiTokenHash, makeApiTokenSecret } from './access/api-tokens.ts'
import { mayDo, permissionsOfAccount } from './actor.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

const DAY_MS = 86_400_000
/** Good tokens that one account may have. */
const MAX_PER_ACCOUNT = 50

/** Tokens of programs. Everybody has their own in hand; whoever gives roles sees and revokes those of all. */
export function tokenHandlers(
  context: AdminContext,
): AdminHandlers<'listTokens' | 'getToken' | 'createToken' | 'revokeToken'> {
  const { db, domain, accounts, now } = context
  /** Of whom an actor sees tokens; undefined: of everybody. */
  const ownerOf = (actor: Actor): string | undefined =>
    actor.kind === 'local' || mayDo(actor, 'account.grant') ? undefined : actor.account.id
  const accountFor = (actor: Actor, name: string | undefined): Account => {
    if (actor.kind === 'account') {
      if (name !== undefined) throw new Refusal('bad-request', { detail: 'A token is made for yourself.' })
      return actor.account
    }
    if (name === undefined) throw new Refusal('bad-request', { detail: 'Say for which account it is.' })
    const account = accounts.find(localpartFrom(name, domain))
    if (!account) throw new Refusal('no-such-account')
    return account
  }
  return {
    async listTokens(request) {
      const { cursor, limit = 100 } = request.query
      if (cursor !== undefined && !isUuid(cursor)) throw new Refusal('bad-request')
      const rows = await listApiTokens(db, limit + 1, { before: cursor, accountId: ownerOf(actorOf(request)) })
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.id : undefined
      return { tokens: page.map((row) => tokenView(row, row.localpart)), ...(next === undefined ? {} : { next }) }
    },
    async getToken(request) {
      const { id } = request.params
      const [row] = await listApiTokens(db, 1, { id, accountId: ownerOf(actorOf(request)) })
      if (!row) throw new Refusal('no-such-token')
      return { token: tokenView(row, row.localpart) }
    },
    async createToken(request) {
      const actor = actorOf(request)
      const { name, scopes: wanted, days = TOKEN_DAYS.default, account: accountName } = request.body
      const account = accountFor(actor, accountName)
      const scopes = [...new Set(wanted)]
      const allowed = new Set(permissionsOfAccount(account))
      const excess = scopes.filter((scope) => !allowed.has(scope))
      if (excess.length > 0) throw new Refusal('token-scope-refused', { detail: excess.join(', ') })
      const secret = makeApiTokenSecret()
      const at = now()
      const token = await db.transaction(async (tx) => {
        const row = {
          tokenHash: apiTokenHash(secret),
          accountId: account.id,
          name,
          scopes,
          createdBy: actor.name,
          createdAt: at,
          expiresAt: new Date(at.getTime() + days * DAY_MS),
        }
        const made = await insertApiToken(tx, row, MAX_PER_ACCOUNT)
        if (made === 'too-many') throw new Refusal('too-many-tokens')
        const detail = { account: account.bareJid, name, scopes, expiresAt: made.expiresAt.toISOString() }
        await appendAudit(tx, { actor: actor.name, action: 'create-token', target: made.id, detail }, at)
        return made
      })
      return { token: tokenView(token, account.localpart), secret }
    },
    async revokeToken(request) {
      const actor = actorOf(request)
      const row = await db.transaction(async (tx) => {
        const revoked = await revokeApiToken(tx, request.params.id, now(), ownerOf(actor))
        if (!revoked) throw new Refusal('no-such-token')
        const detail = { name: revoked.name }
        await appendAudit(tx, { actor: actor.name, action: 'revoke-token', target: revoked.id, detail }, now())
        return revoked
      })
      return { token: tokenView(row, accounts.findById(row.accountId)?.localpart ?? '') }
    },
  }
}

function tokenView(row: ApiToken, account: string): ApiTokenView {
  const { id, name, scopes, createdBy, createdAt, expiresAt, usedAt, usedFrom, revokedAt } = row
  return {
    id,
    name,
    account,
    scopes,
    createdBy,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(usedAt === null ? {} : { usedAt: usedAt.toISOString() }),
    ...(usedFrom === null ? {} : { usedFrom }),
    ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
  }
}
