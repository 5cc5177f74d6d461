import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { accountName, effect, instant, none, pageQuery, text } from './admin-values.ts'

// Keys of managed devices: whoever proves to hold one is known by tier E4 (control §3.1).

const thumbprint = z
  .string()
  .regex(/^[\w-]{43}$/u, 'is not a thumbprint')
  .meta({ description: 'Of the public key, as in RFC 7638.' })

/** Most keys of one request: one that is complete cannot be split. */
export const MAX_DEVICE_KEYS = 5_000

export const deviceKey = z
  .strictObject({
    thumbprint,
    account: z.string(),
    device: z.string(),
    mdm: z.string().meta({ description: 'Who manages the device: the name that the import gave.' }),
    notAfter: instant,
    importedAt: instant,
    importedBy: z.string(),
    revokedAt: instant.optional(),
    revokedBy: z.string().optional(),
  })
  .meta({ id: 'DeviceKey' })

export const newDeviceKey = z
  .strictObject({
    account: accountName,
    device: text(128).meta({ description: 'What people call it, such as its inventory number.' }),
    publicKey: z
      .string()
      .min(1)
      .max(1_024)
      .meta({ description: 'P-256 or Ed25519, as PEM (SubjectPublicKeyInfo) or as JWK. Never a private key.' }),
    notAfter: instant,
  })
  .meta({ id: 'NewDeviceKey' })

export const DEVICE_KEY_FAULTS = ['no-such-account', 'unusable-key', 'expired', 'named-twice'] as const

export const deviceKeyImport = z
  .strictObject({
    mdm: text(64),
    keys: z.array(newDeviceKey).max(MAX_DEVICE_KEYS).readonly(),
    isComplete: z
      .boolean()
      .optional()
      .meta({ description: 'Keys of this manager that are not named here are revoked.' }),
  })
  .meta({ id: 'DeviceKeyImport' })

export const deviceKeyImported = z
  .strictObject({
    enrolled: z.int().min(0),
    skipped: z
      .array(z.strictObject({ index: z.int().min(0), fault: z.enum(DEVICE_KEY_FAULTS) }))
      .readonly()
      .meta({ description: 'Keys that were not enrolled, by their place in the request, from 0.' }),
    stillRevoked: z
      .array(thumbprint)
      .readonly()
      .meta({ description: 'They were revoked before, and stay so: their devices need other keys.' }),
    revoked: z.array(thumbprint).readonly().meta({ description: 'Revoked, since they are not named any more.' }),
    effect,
  })
  .meta({ id: 'DeviceKeyImported' })

/** Routes about keys of managed devices. */
export const DEVICE_KEY_ROUTES = {
  listDeviceKeys: {
    method: 'GET',
    path: '/api/v1/device-keys',
    summary: 'List keys of managed devices, revoked ones included, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery.extend({ account: accountName.optional() }),
    status: 200,
    response: z.strictObject({ keys: z.array(deviceKey).readonly(), next: z.string().optional() }),
  },
  getDeviceKey: {
    method: 'GET',
    path: '/api/v1/device-keys/{thumbprint}',
    summary: 'One key of a managed device.',
    permission: 'policy.read',
    params: z.strictObject({ thumbprint }),
    query: none,
    status: 200,
    response: z.strictObject({ key: deviceKey }),
  },
  importDeviceKeys: {
    method: 'POST',
    path: '/api/v1/device-keys',
    summary: 'Enrol keys of managed devices, as whoever manages them has exported them.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: deviceKeyImport,
    maxBodyBytes: 8_388_608,
    status: 201,
    response: deviceKeyImported,
  },
  revokeDeviceKey: {
    method: 'DELETE',
    path: '/api/v1/device-keys/{thumbprint}',
    summary: 'Revoke the key of a device, for good: sessions that rest on it are judged anew at once.',
    permission: 'policy.write',
    edits: 'getDeviceKey',
    isPolicyWrite: true,
    params: z.strictObject({ thumbprint }),
    query: none,
    status: 200,
    response: z.strictObject({ key: deviceKey, effect }),
  },
} as const satisfies Record<string, AdminRoute>

export type DeviceKeyView = z.infer<typeof deviceKey>
export type DeviceKeyImport = z.infer<typeof deviceKeyImport>
export type DeviceKeyFault = (typeof DEVICE_KEY_FAULTS)[number]
