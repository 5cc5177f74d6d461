import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { account } from './admin-accounts.ts'
import { accountName, idParams, instant, nameParams, none } from './admin-values.ts'
import { unitName } from './admin-people.ts'
import { PERMISSIONS, ROLES } from './roles.ts'

// Who administers: signing in and out, second factors, roles.

const empty = z.undefined()

export const signIn = z
  .strictObject({
    name: accountName,
    password: z.string().min(1).max(1024),
    code: z
      .string()
      .min(6)
      .max(32)
      .optional()
      .meta({ description: 'Of the authenticator, or one from paper. Needed where a second factor is enrolled.' }),
  })
  .meta({ id: 'SignIn' })

/** A code by time or one from paper; spaces and hyphens between its groups do not count. */
const code = signIn.shape.code.unwrap()

/** Bytes of WebAuthn. */
const base64url = z.base64url().min(1).max(4096)

const assertion = z
  .strictObject({
    id: base64url.meta({ description: 'Of the credential.' }),
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
  })
  .meta({ id: 'PasskeyAssertion', description: 'What `navigator.credentials.get` answered.' })

const byPasskey = z.strictObject({ passkey: assertion })

const session = z.enum(['bearer', 'cookie']).optional().meta({
  description: '`cookie` is for browsers: scripts cannot read it. Default `bearer`: a token in the answer.',
})

export const signInRequest = z
  .union([signIn.extend({ session }), byPasskey.extend({ session })])
  .meta({ id: 'SignInRequest' })

export const passkeyView = z
  .strictObject({
    id: idParams.shape.id,
    name: z.string(),
    credentialId: base64url,
    createdAt: instant,
    usedAt: instant.optional(),
  })
  .meta({ id: 'Passkey' })

export type PasskeyView = z.infer<typeof passkeyView>

const newPasskey = z
  .strictObject({
    name: z.string().trim().min(1).max(64).meta({ description: 'What its owner calls it.' }),
    clientDataJSON: base64url,
    authenticatorData: base64url,
    publicKey: base64url.meta({ description: 'SubjectPublicKeyInfo, from `getPublicKey()`.' }),
  })
  .meta({ id: 'NewPasskey', description: 'What `navigator.credentials.create` answered.' })

const challenge = z.string().meta({ description: 'To be signed, in base64url; good once, for five minutes.' })
const rpId = z.string().meta({ description: 'The host that passkeys are bound to.' })

export const signedIn = z
  .strictObject({
    token: z.string().optional().meta({ description: 'The bearer token; absent when it was set as a cookie.' }),
    expiresAt: instant,
    account,
    mustEnroll: z.boolean().meta({ description: 'Nothing else is allowed until a second factor is enrolled.' }),
  })
  .meta({ id: 'SignedIn' })

export const ownSession = z
  .strictObject({
    account,
    permissions: z.array(z.enum(PERMISSIONS)).readonly(),
    administers: z
      .array(unitName)
      .readonly()
      .optional()
      .meta({ description: 'Units that the permissions are bounded to. Absent: they reach everywhere.' }),
    expiresAt: instant,
    provedAt: instant.meta({ description: 'When password or code were last shown. Guarded routes want that lately.' }),
    hasSecondFactor: z.boolean().meta({ description: 'This session began with one.' }),
    mustEnroll: z.boolean(),
    factors: z.strictObject({
      totp: z.boolean(),
      recoveryCodes: z.int().min(0).meta({ description: 'Codes on paper that are left.' }),
      passkeys: z.array(passkeyView).readonly(),
    }),
  })
  .meta({ id: 'OwnSession' })

const recoveryCodes = z.array(z.string()).readonly().meta({ description: 'Each is good once. Shown only here.' })

export const rolesRequest = z
  .strictObject({
    roles: z.array(z.enum(ROLES)).max(ROLES.length).readonly(),
    administers: z
      .array(unitName)
      .max(100)
      .readonly()
      .optional()
      .meta({ description: 'The units of a unit administrator.' }),
  })
  .meta({ id: 'RolesRequest' })

/** Routes about who administers. */
export const ACCESS_ROUTES = {
  signIn: {
    method: 'POST',
    path: '/api/v1/session',
    summary: 'Sign in as an administrator, with a second factor where one is enrolled.',
    permission: 'public',
    params: none,
    query: none,
    body: signInRequest,
    status: 201,
    response: signedIn,
  },
  getSession: {
    method: 'GET',
    path: '/api/v1/session',
    summary: 'Who is signed in here, and what they may do.',
    permission: 'own-session',
    params: none,
    query: none,
    status: 200,
    response: ownSession,
  },
  signOut: {
    method: 'DELETE',
    path: '/api/v1/session',
    summary: 'End the session of this request.',
    permission: 'own-session',
    params: none,
    query: none,
    status: 204,
    response: empty,
  },
  proveSession: {
    method: 'POST',
    path: '/api/v1/session/proof',
    summary: 'Show once more who you are, which guarded routes want to have been lately.',
    permission: 'own-session',
    params: none,
    query: none,
    body: z.union([signIn.omit({ name: true }), byPasskey]).meta({ id: 'Proof' }),
    status: 204,
    response: empty,
  },
  beginTotp: {
    method: 'POST',
    path: '/api/v1/session/totp',
    summary: 'Begin to enroll codes by time (RFC 6238). The secret is shown only here.',
    permission: 'own-session',
    isGuarded: true,
    params: none,
    query: none,
    status: 201,
    response: z.strictObject({
      secret: z.string().meta({ description: 'Base32, to be typed into an authenticator.' }),
      uri: z.string().meta({ description: 'otpauth: the same, as a QR code.' }),
    }),
  },
  confirmTotp: {
    method: 'PUT',
    path: '/api/v1/session/totp',
    summary: 'Put the secret in force with a code of it. Other sessions of the account end.',
    permission: 'own-session',
    params: none,
    query: none,
    body: z.strictObject({ code }),
    status: 200,
    response: z.strictObject({ recoveryCodes }),
  },
  removeTotp: {
    method: 'DELETE',
    path: '/api/v1/session/totp',
    summary: 'Take the secret away, and with the last factor the codes on paper, where none has to be.',
    permission: 'own-session',
    isGuarded: true,
    params: none,
    query: none,
    status: 204,
    response: empty,
  },
  renewRecoveryCodes: {
    method: 'POST',
    path: '/api/v1/session/recovery-codes',
    summary: 'Make new codes on paper; the old ones end.',
    permission: 'own-session',
    isGuarded: true,
    params: none,
    query: none,
    status: 201,
    response: z.strictObject({ recoveryCodes }),
  },
  challengePasskey: {
    method: 'POST',
    path: '/api/v1/session/challenge',
    summary: 'Begin to sign in, or to show once more who you are, with a passkey (WebAuthn).',
    permission: 'public',
    params: none,
    query: none,
    status: 201,
    response: z.strictObject({ challenge, rpId }),
  },
  beginPasskey: {
    method: 'POST',
    path: '/api/v1/session/passkeys/challenge',
    summary: 'Begin to add a passkey.',
    permission: 'own-session',
    isGuarded: true,
    params: none,
    query: none,
    status: 201,
    response: z.strictObject({
      challenge,
      rpId,
      userId: base64url.meta({ description: 'What passkeys know the account by.' }),
    }),
  },
  addPasskey: {
    method: 'POST',
    path: '/api/v1/session/passkeys',
    summary: 'Add a passkey. With the first factor of an account it gets codes on paper, and its other sessions end.',
    permission: 'own-session',
    params: none,
    query: none,
    body: newPasskey,
    status: 201,
    response: z.strictObject({ passkey: passkeyView, recoveryCodes: recoveryCodes.optional() }),
  },
  removePasskey: {
    method: 'DELETE',
    path: '/api/v1/session/passkeys/{id}',
    summary: 'Take a passkey away, unless it is the last factor of an account that has to have one.',
    permission: 'own-session',
    isGuarded: true,
    params: idParams,
    query: none,
    status: 204,
    response: empty,
  },
  resetSecondFactor: {
    method: 'DELETE',
    path: '/api/v1/accounts/{name}/second-factor',
    summary: 'Take the second factor of an account away, for somebody who has lost it. Its sessions end.',
    permission: 'account.grant',
    edits: 'getAccount',
    about: 'account',
    isGuarded: true,
    params: nameParams,
    query: none,
    status: 200,
    response: z.strictObject({ account }),
  },
  setRoles: {
    method: 'PUT',
    path: '/api/v1/accounts/{name}/roles',
    summary: 'Replace what an account may administer. Its sessions here end.',
    permission: 'account.grant',
    edits: 'getAccount',
    about: 'account',
    isGuarded: true,
    params: nameParams,
    query: none,
    body: rolesRequest,
    status: 200,
    response: z.strictObject({ account }),
  },
} as const satisfies Record<string, AdminRoute>
