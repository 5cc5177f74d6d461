import { Refusal } from '@drawbridge/contract'
import type { IncomingMessage } from 'node:http'
import { addressOf } from '../../routing/client-address.ts'
import { accountFrom } from '../../routing/accounts.ts'
import type { Actor } from '../actor.ts'
import type { AdminContext } from '../api.ts'
import { isApiTokenSecret, useApiToken } from './api-tokens.ts'
import { isOwnOrigin, tokenFromCookie } from './cookie.ts'

const SESSION_TOKEN = /^[A-Za-z0-9_-]{43}$/u

/**
 * Who makes a request over the network, with the rights the account has now, not those it had at sign-in. A bearer token
 * counts before a cookie: a browser never sends one by itself.
 *
 * @param isPassive - a request that goes on is looked at again: that is no use of the session, which ends as if there were
 *   none.
 * @throws Refusal `foreign-origin` for a cookie that came with a request that no page of ours made.
 */
export async function identify(
  context: AdminContext,
  req: IncomingMessage,
  isPassive = false,
): Promise<Actor | undefined> {
  const { authorization } = req.headers
  if (authorization !== undefined) {
    const [, token = ''] = /^Bearer (\S+)$/u.exec(authorization) ?? []
    return isApiTokenSecret(token)
      ? tokenActor(context, token, addressOf(req))
      : sessionActor(context, token, { isCookie: false, isPassive })
  }
  const token = tokenFromCookie(req, context.isHttps)
  if (token === undefined) return undefined
  if (!isOwnOrigin(req)) throw new Refusal('foreign-origin')
  return sessionActor(context, token, { isCookie: true, isPassive })
}

async function sessionActor(
  context: AdminContext,
  token: string,
  how: { readonly isCookie: boolean; readonly isPassive: boolean },
): Promise<Actor | undefined> {
  const { signIns, domain, settings } = context
  const found = SESSION_TOKEN.test(token) ? await signIns.find(token, how) : undefined
  if (!found) return undefined
  const account = accountFrom(found.account, domain)
  const { id, provedAt, hasSecondFactor, expiresAt } = found.session
  const isEnrolling = settings.secondFactor === 'required' && !hasSecondFactor
  return {
    kind: 'account',
    name: account.bareJid,
    account,
    proof: { kind: 'session', id, provedAt, hasSecondFactor, isEnrolling, expiresAt },
  }
}

async function tokenActor(context: AdminContext, secret: string, from: string): Promise<Actor | undefined> {
  const found = await useApiToken(context.db, secret, { at: context.now(), from })
  if (!found) return undefined
  const account = accountFrom(found.account, context.domain)
  const proof = { kind: 'token', id: found.token.id, scopes: new Set(found.token.scopes) } as const
  return { kind: 'account', name: account.bareJid, account, proof }
}
