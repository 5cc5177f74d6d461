import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { accountName, instant, nameParams, none, pageQuery, password, searchQuery } from './admin-values.ts'
import { ROLES } from './roles.ts'

// Accounts, their passwords and contact lists.

export const account = z
  .strictObject({
    name: accountName,
    displayName: z.string().optional().meta({ description: 'The name the company gives the person.' }),
    isAdmin: z.boolean(),
    isBreakGlass: z.boolean(),
    isDisabled: z.boolean(),
    roles: z.array(z.enum(ROLES)).readonly().meta({ description: '`administrator` is what isAdmin says.' }),
    administers: z.array(z.string()).readonly().meta({ description: 'Units that a unit administrator looks after.' }),
    createdAt: instant,
  })
  .meta({ id: 'Account' })

export const newAccount = z
  .strictObject({
    name: accountName,
    password: password.optional().meta({ description: 'Absent: the server makes one and returns it once.' }),
    isAdmin: z.boolean().optional(),
  })
  .meta({ id: 'NewAccount' })

export const createdAccount = z
  .strictObject({ account, password: z.string().optional().meta({ description: 'Only when the server made it.' }) })
  .meta({ id: 'CreatedAccount' })

/** Most rows of one import request; a client splits longer files. */
export const MAX_IMPORT_ROWS = 100

export const importResult = z
  .strictObject({
    name: z.string(),
    outcome: z.enum(['created', 'exists', 'invalid']),
    password: z.string().optional(),
    code: z.string().optional().meta({ description: 'Error code of a row that is invalid.' }),
    reason: z.string().optional().meta({ description: 'Why a row is invalid, as a sentence.' }),
  })
  .meta({ id: 'ImportResult' })

export const changedAccount = z.strictObject({ account, closedSessions: z.int().min(0) }).meta({ id: 'ChangedAccount' })

/** As its owner sees it (RFC 6121 §2.1.2). */
export const contact = z
  .strictObject({
    jid: z.string(),
    name: z.string().optional(),
    groups: z.array(z.string()).readonly(),
    subscription: z.enum(['none', 'to', 'from', 'both']),
  })
  .meta({ id: 'Contact' })

/** Routes about accounts. */
export const ACCOUNT_ROUTES = {
  listAccounts: {
    method: 'GET',
    path: '/api/v1/accounts',
    summary: 'List accounts by name, one page at a time.',
    permission: 'account.read',
    about: 'list',
    params: none,
    query: searchQuery,
    status: 200,
    response: z.strictObject({ accounts: z.array(account).readonly(), next: z.string().optional() }),
  },
  createAccount: {
    method: 'POST',
    path: '/api/v1/accounts',
    summary: 'Create an account.',
    permission: 'account.write',
    params: none,
    query: none,
    body: newAccount,
    status: 201,
    response: createdAccount,
  },
  importAccounts: {
    method: 'POST',
    path: '/api/v1/accounts/import',
    summary: 'Create up to 100 accounts; each row has its own outcome, in the order of the request.',
    permission: 'account.write',
    params: none,
    query: none,
    body: z.strictObject({
      accounts: z
        .array(
          z.strictObject({
            name: z.string().max(1024),
            password: z.string().max(4096).optional(),
            isAdmin: z.boolean().optional(),
          }),
        )
        .min(1)
        .max(MAX_IMPORT_ROWS)
        .readonly(),
    }),
    maxBodyBytes: 1_048_576,
    status: 200,
    response: z.strictObject({ results: z.array(importResult).readonly() }),
  },
  getAccount: {
    method: 'GET',
    path: '/api/v1/accounts/{name}',
    summary: 'One account.',
    permission: 'account.read',
    about: 'account',
    params: nameParams,
    query: none,
    status: 200,
    response: z.strictObject({ account: account }),
  },
  disableAccount: {
    method: 'POST',
    path: '/api/v1/accounts/{name}/disable',
    summary: 'Close all sessions of an account and refuse new ones.',
    permission: 'account.support',
    edits: 'getAccount',
    about: 'account',
    params: nameParams,
    query: none,
    status: 200,
    response: changedAccount,
  },
  enableAccount: {
    method: 'POST',
    path: '/api/v1/accounts/{name}/enable',
    summary: 'Let a disabled account sign in again.',
    permission: 'account.support',
    edits: 'getAccount',
    about: 'account',
    params: nameParams,
    query: none,
    status: 200,
    response: changedAccount,
  },
  setPassword: {
    method: 'PUT',
    path: '/api/v1/accounts/{name}/password',
    summary: 'Set a password and close all sessions of the account.',
    permission: 'account.support',
    edits: 'getAccount',
    about: 'account',
    params: nameParams,
    query: none,
    body: z.strictObject({ password: password.optional() }),
    status: 200,
    response: z.strictObject({
      account: account,
      closedSessions: z.int().min(0),
      password: z.string().optional().meta({ description: 'Only when the server made it.' }),
    }),
  },
  deleteAccount: {
    method: 'DELETE',
    path: '/api/v1/accounts/{name}',
    summary: 'Delete an account and close its sessions.',
    permission: 'account.write',
    edits: 'getAccount',
    about: 'account',
    params: nameParams,
    query: none,
    status: 200,
    response: z.strictObject({ name: z.string(), closedSessions: z.int().min(0) }),
  },
  endSessions: {
    method: 'POST',
    path: '/api/v1/accounts/{name}/end-sessions',
    summary: 'Close all sessions of an account, or one; it may sign in again at once.',
    permission: 'account.support',
    about: 'account',
    params: nameParams,
    query: z.strictObject({
      resource: z.string().min(1).max(1023).optional().meta({ description: 'Only the session of this resource.' }),
    }),
    status: 200,
    response: z.strictObject({ name: z.string(), closedSessions: z.int().min(0) }),
  },
  getRoster: {
    method: 'GET',
    path: '/api/v1/accounts/{name}/roster',
    summary: 'Read the contact list of an account, one page at a time. This is on record.',
    permission: 'roster.read',
    about: 'account',
    params: nameParams,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ name: z.string(), contacts: z.array(contact).readonly(), next: z.string().optional() }),
  },
} as const satisfies Record<string, AdminRoute>

export type Account = z.infer<typeof account>
export type NewAccount = z.infer<typeof newAccount>
export type CreatedAccount = z.infer<typeof createdAccount>
export type ImportResult = z.infer<typeof importResult>
export type ChangedAccount = z.infer<typeof changedAccount>
export type ContactView = z.infer<typeof contact>
