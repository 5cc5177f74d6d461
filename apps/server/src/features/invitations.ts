import { findFormValue, formatDateTime, NS_INVITE, parseFormBoolean } from '@drawbridge/xmpp'
import type { Form } from '@drawbridge/xmpp'
import { localpartFrom } from '../routing/account-name.ts'
import type { Account } from '../routing/accounts.ts'
import { defineFeature } from '../routing/feature.ts'
import type { AdHocCommand, CommandOutcome, Context } from '../routing/feature.ts'
import type { IssuedInvitation } from '../routing/invitations.ts'

/** XEP-0401 §4.1: an invitation of the user's, at once. It lets in who has no account only where users may invite. */
const invite: AdHocCommand = {
  node: `${NS_INVITE}#invite`,
  name: 'Invite user',
  at: ['server'],
  isAllowed: () => true,
  async execute(_form, { account }, ctx) {
    const makesAccount = account.isAdmin || ctx.registration.mayUsersInvite
    return outcome(await ctx.invitations.create({ actor: account.bareJid, inviter: account, makesAccount }))
  },
}

/** XEP-0401 §4.4: an invitation to make an account, of a name that is given or of any. */
const createAccount: AdHocCommand = {
  node: `${NS_INVITE}#create-account`,
  name: 'Create account',
  at: ['server'],
  isAllowed: mayCreateAccounts,
  form: () => ({
    fields: [
      { name: 'username', type: 'text-single', label: 'Username' },
      { name: 'roster-subscription', type: 'boolean', label: 'Roster subscription' },
    ],
  }),
  async execute(form, { account }, ctx) {
    const name = form && findFormValue(form, 'username')?.trim()
    const localpart = name ? localpartFrom(name, ctx.domain) : undefined
    const inviter = wantsContact(form) ? account : undefined
    return outcome(await ctx.invitations.create({ actor: account.bareJid, makesAccount: true, inviter, localpart }))
  },
}

/** XEP-0401: Ad-hoc Account Invitation Generation. Its other half is in registration/. */
export const invitations = defineFeature({
  name: 'invitations',
  implements: [{ xep: 401, version: '0.6.0' }],
  commands: [invite, createAccount],
})

function mayCreateAccounts({ isAdmin }: Account, ctx: Context): boolean {
  return isAdmin || ctx.registration.mayUsersInvite
}

function wantsContact(form: Form | undefined): boolean {
  const value = form && findFormValue(form, 'roster-subscription')
  return value !== undefined && parseFormBoolean(value)
}

function outcome({ uri, url, invitation }: IssuedInvitation): CommandOutcome {
  return {
    result: {
      formType: `${NS_INVITE}#invitation`,
      fields: [
        { name: 'uri', type: 'text-single', label: 'Invitation', values: [uri] },
        { name: 'landing-url', type: 'text-single', label: 'Its page', values: [url] },
        { name: 'expire', type: 'text-single', label: 'Good until', values: [formatDateTime(invitation.expiresAt)] },
      ],
    },
  }
}
