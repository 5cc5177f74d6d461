import { boolean, duration, list } from '@drawbridge/runtime'
import * as z from 'zod'

/** Who may make, change and remove accounts without an administrator. */
export const registrationConfig = z.object({
  isInBand: boolean.default(false).meta({
    env: 'DRAWBRIDGE_REGISTRATION_IN_BAND',
    doc: 'Whether an XMPP client may register with an invitation (XEP-0445). Off, invitations are accepted on their web page only, and strangers find one thing less to try.',
  }),
  mayUsersInvite: boolean.default(false).meta({
    env: 'DRAWBRIDGE_REGISTRATION_USERS_INVITE',
    doc: 'Whether every user may invite somebody who has no account yet (XEP-0401). Off, only administrators do; users still invite those who have one to become contacts.',
  }),
  mayRemoveAccount: boolean.default(false).meta({
    env: 'DRAWBRIDGE_REGISTRATION_MAY_REMOVE',
    doc: 'Whether users may delete their own account from their client (XEP-0077 §3.2), with all it holds.',
  }),
  invitationLifetimeMs: duration
    .refine((ms) => ms >= 60_000 && ms <= 366 * 86_400_000, 'expected one minute to a year')
    .default(7 * 86_400_000)
    .meta({
      env: 'DRAWBRIDGE_REGISTRATION_INVITATION_LIFETIME',
      doc: 'How long an invitation is good for when nobody says otherwise. Longer is kinder to holidays; shorter leaves fewer links lying around.',
    }),
})

export type RegistrationConfig = z.output<typeof registrationConfig>

/** Roles of XEP-0157 §3, and what each is for. */
export const CONTACT_ROLES = {
  abuse: 'abuse that comes from here',
  admin: 'the service',
  feedback: 'feedback',
  sales: 'sales',
  security: 'security holes',
  status: 'the state of the service',
  support: 'help',
} as const
export type ContactRole = keyof typeof CONTACT_ROLES

const addresses = (role: ContactRole) =>
  list
    .pipe(z.array(z.url({ error: 'expected addresses like mailto:admin@example.com' })).max(10))
    .transform((urls): readonly string[] => urls)
    .default([])
    .meta({
      env: `DRAWBRIDGE_CONTACT_${role.toUpperCase()}`,
      doc: `Addresses for ${CONTACT_ROLES[role]}, like \`mailto:help@example.com xmpp:help@example.com\`, for clients and strangers to see (XEP-0157).`,
    })

export const contactConfig = z.object({
  abuse: addresses('abuse'),
  admin: addresses('admin'),
  feedback: addresses('feedback'),
  sales: addresses('sales'),
  security: addresses('security'),
  status: addresses('status'),
  support: addresses('support'),
})

export type ContactConfig = z.output<typeof contactConfig>
