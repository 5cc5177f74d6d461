import { MINIMUM_TIERS } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { account } from './admin-accounts.ts'
import { affectedClient, simulation } from './admin-client-rules.ts'
import { accountName, effect, idParams, instant, nameParams, none, pageQuery, searchQuery } from './admin-values.ts'

// The company: its units, the names it gives to people, and invitations.

/** A name for people to read; control characters and what turns the direction of writing have no place in it. */
const displayName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Bidi_Control}]*$/u, 'contains characters that cannot be seen')

/** What a unit is called in paths and commands. */
export const unitName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9-]*$/u, 'has other characters than a-z, 0-9 and -')

const roster = z.enum(['members', 'everybody', 'nobody']).meta({
  description: 'In whose contact lists its members are: in each other’s, in everybody’s, or in nobody’s.',
})
const directory = z.enum(['everybody', 'members']).meta({
  description: 'Who finds its members in the directory. `members`: nobody outside the units they are in.',
})

const minimumTier = z.enum(MINIMUM_TIERS).meta({
  description: 'Clients of its members that are known less well count as unknown, and are turned away.',
})

const confirmBy = instant.meta({ description: 'Without confirmation, the tier from before counts again from here on.' })

export const unit = z
  .strictObject({
    name: unitName,
    displayName,
    roster,
    directory,
    minimumTier: minimumTier.optional(),
    confirmBy: confirmBy.optional(),
    members: z.int().min(0),
  })
  .meta({ id: 'Unit' })

export const newUnit = z
  .strictObject({
    name: unitName,
    displayName: displayName.meta({ description: 'The group in contact lists.' }),
    roster: roster.optional(),
    directory: directory.optional(),
  })
  .meta({ id: 'NewUnit' })

export const unitChange = z
  .strictObject({ displayName: displayName.optional(), roster: roster.optional(), directory: directory.optional() })
  .meta({ id: 'UnitChange' })

/** Most members that one request adds; a client splits longer lists. */
export const MAX_MEMBERS_PER_REQUEST = 500

const DAY_S = 86_400

export const newInvitation = z
  .strictObject({
    name: accountName.optional().meta({ description: 'The name the account will have. Absent: the invited choose.' }),
    inviter: accountName.optional().meta({ description: 'Becomes a contact of whoever accepts.' }),
    maxUses: z.int().min(1).max(10_000).optional().meta({ description: 'How many may accept it. Default 1.' }),
    lifetimeS: z
      .int()
      .min(60)
      .max(366 * DAY_S)
      .optional()
      .meta({ description: 'For how many seconds it is good. Default: as configured.' }),
  })
  .refine(({ name, maxUses = 1 }) => name === undefined || maxUses === 1, 'one name is for one account')
  .meta({ id: 'NewInvitation' })

export const invitation = z
  .strictObject({
    id: z.string(),
    name: z.string().optional(),
    inviter: z.string().optional(),
    makesAccount: z.boolean().meta({ description: 'False: only a contact is made, of somebody who has an account.' }),
    maxUses: z.int(),
    uses: z.int(),
    createdBy: z.string(),
    createdAt: instant,
    expiresAt: instant,
    revokedAt: instant.optional(),
  })
  .meta({ id: 'Invitation' })

export const issuedInvitation = z
  .strictObject({
    invitation,
    url: z.string().meta({ description: 'Its page. Whoever has it may use it; it is shown only once.' }),
    uri: z.string().meta({ description: 'For XMPP clients (XEP-0401).' }),
  })
  .meta({ id: 'IssuedInvitation' })

const unitParams = z.strictObject({ name: unitName })

const protectedUnit = z.strictObject({
  unit: unitName,
  minimumTier: minimumTier.nullable(),
  confirmBy: confirmBy.optional(),
})

/** Routes about units, names and invitations. */
export const PEOPLE_ROUTES = {
  setDisplayName: {
    method: 'PUT',
    path: '/api/v1/accounts/{name}/display-name',
    summary: 'Set the name the company gives a person, or take it away with null.',
    permission: 'account.support',
    edits: 'getAccount',
    about: 'account',
    params: nameParams,
    query: none,
    body: z.strictObject({ displayName: displayName.nullable() }),
    status: 200,
    response: z.strictObject({ account }),
  },
  listUnits: {
    method: 'GET',
    path: '/api/v1/units',
    summary: 'List units by name, one page at a time.',
    permission: 'unit.read',
    about: 'list',
    params: none,
    query: searchQuery,
    status: 200,
    response: z.strictObject({ units: z.array(unit).readonly(), next: z.string().optional() }),
  },
  createUnit: {
    method: 'POST',
    path: '/api/v1/units',
    summary: 'Create a unit without members.',
    permission: 'unit.write',
    params: none,
    query: none,
    body: newUnit,
    status: 201,
    response: z.strictObject({ unit }),
  },
  getUnit: {
    method: 'GET',
    path: '/api/v1/units/{name}',
    summary: 'One unit.',
    permission: 'unit.read',
    about: 'unit',
    params: unitParams,
    query: none,
    status: 200,
    response: z.strictObject({ unit }),
  },
  changeUnit: {
    method: 'PUT',
    path: '/api/v1/units/{name}',
    summary: 'Change the display name of a unit, or who sees and finds its members.',
    permission: 'unit.write',
    edits: 'getUnit',
    params: unitParams,
    query: none,
    body: unitChange,
    status: 200,
    response: z.strictObject({ unit }),
  },
  setUnitMinimumTier: {
    method: 'PUT',
    path: '/api/v1/units/{name}/minimum-tier',
    summary: 'Protect a unit: say how well the clients of its members must be known. Null: like everybody’s.',
    permission: 'policy.write',
    edits: 'getUnit',
    isPolicyWrite: true,
    params: unitParams,
    query: none,
    body: z.strictObject({
      minimumTier: minimumTier.nullable(),
      simulation: z
        .string()
        .max(512)
        .optional()
        .meta({ description: 'What a simulation returned: needed for a higher tier than now, except locally.' }),
    }),
    status: 200,
    response: z.strictObject({
      ...protectedUnit.shape,
      sessions: z.int().min(0).meta({ description: 'Live sessions for which something changes.' }),
      people: z.int().min(0).meta({ description: 'The same for people, by what they used in the last 90 days.' }),
      stranded: z
        .int()
        .min(0)
        .meta({ description: 'Of those, people who were seen with no client that stays allowed.' }),
      affected: z.array(affectedClient).readonly().meta({ description: 'The first 500, the strictest first.' }),
      effect,
    }),
  },
  simulateUnitMinimumTier: {
    method: 'POST',
    path: '/api/v1/units/{name}/minimum-tier/simulation',
    summary:
      'Say whom a minimum tier would keep out, without setting it: live sessions, and clients of the last 90 days.',
    permission: 'policy.write',
    params: unitParams,
    query: none,
    body: z.strictObject({ minimumTier: minimumTier.nullable() }),
    status: 200,
    response: simulation,
  },
  confirmUnitMinimumTier: {
    method: 'POST',
    path: '/api/v1/units/{name}/minimum-tier/confirmation',
    summary:
      'Confirm the minimum tier of a unit, while a chat session of yours is open that began after it was set, with a client that is known so well.',
    permission: 'policy.write',
    edits: 'getUnit',
    isPolicyWrite: true,
    params: unitParams,
    query: none,
    status: 200,
    response: z.strictObject({ ...protectedUnit.shape, effect }),
  },
  deleteUnit: {
    method: 'DELETE',
    path: '/api/v1/units/{name}',
    summary: 'Delete a unit; the accounts in it stay.',
    permission: 'unit.write',
    edits: 'getUnit',
    params: unitParams,
    query: none,
    status: 200,
    response: z.strictObject({ name: z.string() }),
  },
  listUnitMembers: {
    method: 'GET',
    path: '/api/v1/units/{name}/members',
    summary: 'List the accounts of a unit by name, one page at a time.',
    permission: 'unit.read',
    about: 'unit',
    params: unitParams,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ members: z.array(z.string()).readonly(), next: z.string().optional() }),
  },
  addUnitMembers: {
    method: 'PUT',
    path: '/api/v1/units/{name}/members',
    summary: 'Add up to 500 accounts to a unit; those in it already stay.',
    permission: 'unit.write',
    edits: 'getUnit',
    params: unitParams,
    query: none,
    body: z.strictObject({ members: z.array(accountName).min(1).max(MAX_MEMBERS_PER_REQUEST).readonly() }),
    maxBodyBytes: 262_144,
    status: 200,
    response: z.strictObject({ unit, added: z.int().min(0) }),
  },
  removeUnitMember: {
    method: 'DELETE',
    path: '/api/v1/units/{name}/members/{account}',
    summary: 'Take an account out of a unit.',
    permission: 'unit.write',
    edits: 'getUnit',
    params: z.strictObject({ name: unitName, account: accountName }),
    query: none,
    status: 200,
    response: z.strictObject({ unit }),
  },
  listInvitations: {
    method: 'GET',
    path: '/api/v1/invitations',
    summary: 'List invitations, newest first, one page at a time. Their links are not known any more.',
    permission: 'invitation.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ invitations: z.array(invitation).readonly(), next: z.string().optional() }),
  },
  createInvitation: {
    method: 'POST',
    path: '/api/v1/invitations',
    summary: 'Invite somebody to make an account. The link is shown only here.',
    permission: 'invitation.write',
    params: none,
    query: none,
    body: newInvitation,
    status: 201,
    response: issuedInvitation,
  },
  getInvitation: {
    method: 'GET',
    path: '/api/v1/invitations/{id}',
    summary: 'One invitation. Its link is not known any more.',
    permission: 'invitation.read',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ invitation }),
  },
  revokeInvitation: {
    method: 'DELETE',
    path: '/api/v1/invitations/{id}',
    summary: 'Revoke an invitation; accounts made with it stay.',
    permission: 'invitation.write',
    edits: 'getInvitation',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ invitation }),
  },
} as const satisfies Record<string, AdminRoute>

export type UnitView = z.infer<typeof unit>
export type ProtectedUnit = z.infer<typeof protectedUnit>
export type InvitationView = z.infer<typeof invitation>
export type IssuedInvitation = z.infer<typeof issuedInvitation>
