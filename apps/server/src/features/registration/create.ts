import { Refusal } from '@drawbridge/contract'
import { appendAudit, findReservation, insertAccount, useInvitation, uuidv7 } from '@drawbridge/db'
import type { Invitation } from '@drawbridge/db'
import { ask } from '../../policy/gate.ts'
import { newLocalpartFrom } from '../../routing/account-name.ts'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { withPasswordFaults } from '../../stream/password-refusal.ts'

/** What whoever was invited has to say. */
export interface Applicant {
  readonly name: string
  readonly password: string
  readonly remoteAddress: string
}

/**
 * Makes the account of an invitation, and makes its inviter a contact. The invitation is used in the transaction that
 * makes the account: a try that fails uses nothing (XEP-0445 §4).
 */
export async function createInvited(invitation: Invitation, applicant: Applicant, ctx: Context): Promise<Account> {
  const localpart = newLocalpartFrom(applicant.name, ctx.domain)
  const at = ctx.now()
  const verdict = ask(ctx.gate, 'account.create', { at: at.getTime(), origin: 'invitation', localpart })
  if (verdict.action !== 'pass') {
    throw verdict.action === 'refuse'
      ? new Refusal(verdict.code, { details: verdict.details })
      : new Refusal('forbidden')
  }
  if (invitation.localpart !== null && invitation.localpart !== localpart) {
    throw new Refusal('not-acceptable', { detail: `This invitation is for the name ${invitation.localpart}.` })
  }
  // Hashing is expensive: a name that is taken is found first, and the insert still decides.
  if (ctx.accounts.find(localpart)) throw new Refusal('account-exists')
  const reservedFor = await findReservation(ctx.db, localpart, at)
  if (reservedFor && reservedFor.id !== invitation.id) throw new Refusal('account-exists')
  const id = uuidv7()
  const credentials = await withPasswordFaults(ctx.passwords.make({ id, localpart }, applicant.password))
  const row = await ctx.db.transaction(async (tx) => {
    if ((await useInvitation(tx, invitation.id)) === 'used-up') throw new Refusal('bad-invitation')
    const made = await insertAccount(tx, { localpart, credentials }, id)
    if (made === 'exists') throw new Refusal('account-exists')
    const target = `${localpart}@${ctx.domain}`
    const detail = { invitation: invitation.id, remoteAddress: applicant.remoteAddress }
    await appendAudit(tx, { actor: target, action: 'register-account', target, detail }, at)
    return made
  })
  const account = ctx.accounts.put(row)
  const inviter = ctx.invitations.inviterOf(invitation)
  if (inviter) ctx.emit('invitation.accepted', { inviter, invited: account })
  return account
}
