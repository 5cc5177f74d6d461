import { Refusal } from '@drawbridge/contract'
import type { ResponseOf } from '@drawbridge/contract'
import {
  appendAudit,
  deleteAdminSession,
  deleteAdminSessions,
  findAccountById,
  proveAdminSession,
} from '@drawbridge/db'
import type { Account } from '@drawbridge/db'
import { sessionCookie } from './access/cookie.ts'
import { hasFactor } from './access/second-factors.ts'
import { accountView } from './account-change.ts'
import { permissionsOfAccount } from './actor.ts'
import type { Actor, Proof } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers, AdminRequest } from './api.ts'

type Ids =
  | 'signIn'
  | 'getSession'
  | 'signOut'
  | 'proveSession'
  | 'beginTotp'
  | 'confirmTotp'
  | 'removeTotp'
  | 'renewRecoveryCodes'
  | 'challengePasskey'
  | 'beginPasskey'
  | 'addPasskey'
  | 'removePasskey'

type OwnActor = Extract<Actor, { kind: 'account' }> & { readonly proof: Extract<Proof, { kind: 'session' }> }

/** Signing in and out of the admin API, and the second factor of whoever is signed in. */
export function sessionHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, signIns, secondFactors, passkeys, prove, settings, isHttps, now } = context
  const audit = (tx: typeof db, actor: string, action: string, detail: Record<string, unknown> = {}) =>
    appendAudit(tx, { actor, action, target: '', detail }, now())
  /** Takes one factor away; the last one only where there may be none. */
  const removeFactor = async (
    actor: OwnActor,
    kind: 'totp' | 'passkey',
    remove: (tx: typeof db) => Promise<boolean>,
  ) => {
    const { isBreakGlass, id } = await rowOf(actor)
    const mayLackFactor = settings.secondFactor === 'optional' && !isBreakGlass
    await db.transaction(async (tx) => {
      if (!(await remove(tx))) throw new Refusal('item-not-found')
      if (!mayLackFactor && !hasFactor(await secondFactors.of(id, tx))) throw new Refusal('second-factor-required')
      await audit(tx, actor.name, 'remove-second-factor', { kind })
    })
  }
  /** A factor is in force: whoever is signed in elsewhere without it is no more. */
  const enrolled = async (tx: typeof db, { name, account, proof }: OwnActor, kind: 'totp' | 'passkey') => {
    await deleteAdminSessions(tx, account.id, proof.id)
    await proveAdminSession(tx, proof.id, now(), true)
    await audit(tx, name, 'enroll-second-factor', { kind })
  }
  const rpId = () => {
    const id = passkeys.relyingParty()
    if (id === undefined) throw new Refusal('passkeys-unavailable')
    return id
  }
  const rowOf = async ({ account }: OwnActor) => {
    const row = await findAccountById(db, account.id)
    if (!row) throw new Refusal('no-such-account')
    return row
  }

  return {
    async signIn({ body: { session: kind = 'bearer', ...shown }, remoteAddress, exchange }) {
      const isCookie = kind === 'cookie'
      // Or a stranger's page could sign a browser in as somebody else.
      if (!exchange || (isCookie && !exchange.isOwnOrigin)) throw new Refusal('foreign-origin')
      const { account, hasSecondFactor } = await prove(shown, remoteAddress)
      const { userAgent } = exchange
      const begun = await signIns.begin({
        accountId: account.id,
        isCookie,
        hasSecondFactor,
        address: remoteAddress,
        userAgent,
      })
      const name = `${account.localpart}@${context.domain}`
      await audit(db, name, 'sign-in', { address: remoteAddress, secondFactor: hasSecondFactor })
      const { token, session } = begun
      if (isCookie) exchange.setCookie(sessionCookie(token, Math.floor(settings.sessionMaxMs / 1_000), isHttps))
      return {
        ...(isCookie ? {} : { token }),
        expiresAt: session.expiresAt.toISOString(),
        account: accountView(account),
        mustEnroll: settings.secondFactor === 'required' && !hasSecondFactor,
      }
    },
    async getSession(request) {
      const actor = ownActor(request)
      const row = await rowOf(actor)
      return ownSessionView(actor, row, await secondFactors.of(row.id))
    },
    async signOut(request) {
      const { name, proof } = ownActor(request)
      await deleteAdminSession(db, proof.id)
      await audit(db, name, 'sign-out')
      request.exchange?.setCookie(sessionCookie('', 0, isHttps))
      return undefined
    },
    async proveSession(request) {
      const { name, account, proof } = ownActor(request)
      const { body, remoteAddress } = request
      const shown = 'passkey' in body ? body : { ...body, name: account.localpart }
      const { account: proved, hasSecondFactor } = await prove(shown, remoteAddress)
      // Somebody else's passkey proves that somebody else is here.
      if (proved.id !== account.id) throw new Refusal('passkey-failed')
      await proveAdminSession(db, proof.id, now(), hasSecondFactor)
      await audit(db, name, 'prove-sign-in')
      return undefined
    },
    async beginTotp(request) {
      const { account } = ownActor(request)
      return secondFactors.begin(account)
    },
    async confirmTotp(request) {
      const actor = ownActor(request)
      const recoveryCodes = await db.transaction(async (tx) => {
        const codes = await secondFactors.confirm(tx, actor.account.id, request.body.code)
        await enrolled(tx, actor, 'totp')
        return codes
      })
      return { recoveryCodes }
    },
    async removeTotp(request) {
      const actor = ownActor(request)
      await removeFactor(actor, 'totp', (tx) => secondFactors.removeTotp(tx, actor.account.id))
      return undefined
    },
    async challengePasskey() {
      return { rpId: rpId(), challenge: passkeys.challenge() }
    },
    async beginPasskey(request) {
      const { account } = ownActor(request)
      const userId = Buffer.from(account.id).toString('base64url')
      return { rpId: rpId(), challenge: passkeys.challenge(account.id), userId }
    },
    async addPasskey(request) {
      const actor = ownActor(request)
      const { id } = actor.account
      return db.transaction(async (tx) => {
        const isFirst = !hasFactor(await secondFactors.of(id, tx))
        const passkey = await passkeys.add(tx, id, request.body)
        await enrolled(tx, actor, 'passkey')
        return isFirst ? { passkey, recoveryCodes: await secondFactors.renewRecoveryCodes(tx, id) } : { passkey }
      })
    },
    async removePasskey(request) {
      const actor = ownActor(request)
      const { id } = request.params
      await removeFactor(actor, 'passkey', (tx) => secondFactors.removePasskey(tx, actor.account.id, id))
      return undefined
    },
    async renewRecoveryCodes(request) {
      const { name, account } = ownActor(request)
      if (!hasFactor(await secondFactors.of(account.id))) throw new Refusal('second-factor-missing')
      const recoveryCodes = await db.transaction(async (tx) => {
        const codes = await secondFactors.renewRecoveryCodes(tx, account.id)
        await audit(tx, name, 'renew-recovery-codes')
        return codes
      })
      return { recoveryCodes }
    },
  }
}

function ownSessionView(
  { account, proof }: OwnActor,
  row: Account,
  factors: ResponseOf<'getSession'>['factors'],
): ResponseOf<'getSession'> {
  const isBounded = row.administers.length > 0 && !row.isAdmin && row.roles.length === 1
  return {
    account: accountView(row),
    permissions: permissionsOfAccount(account),
    ...(isBounded ? { administers: row.administers } : {}),
    expiresAt: proof.expiresAt.toISOString(),
    provedAt: proof.provedAt.toISOString(),
    hasSecondFactor: proof.hasSecondFactor,
    mustEnroll: proof.isEnrolling,
    factors,
  }
}

/** The session of a route for one's own session; the router lets nobody else pass. */
function ownActor(request: Pick<AdminRequest<'getSession'>, 'actor'>): OwnActor {
  const actor = actorOf(request)
  if (actor.kind !== 'account' || actor.proof.kind !== 'session') throw new Refusal('forbidden')
  return { ...actor, proof: actor.proof }
}
