import { Refusal } from '@drawbridge/contract'
import type { Effect } from '@drawbridge/contract'
import { findDeviceKey, getPolicyEpoch, putDeviceKeys, revokeDeviceKeys } from '@drawbridge/db'
import type { DeviceKey, NewDeviceKey } from '@drawbridge/db'
import type { Change } from './client-rules.ts'

/** A key as it is to be enrolled. */
export type WantedKey = Pick<NewDeviceKey, 'thumbprint' | 'accountId' | 'label' | 'notAfter'>

export interface KeysImported {
  /** Thumbprints of keys that were revoked before, and stay so. */
  readonly stillRevoked: readonly string[]
  /** Thumbprints of keys that are revoked because they are not named any more. */
  readonly revoked: readonly string[]
  readonly effect: Effect
}

/** Changes of the keys of managed devices. Each returns when sessions that rest on them have been judged anew. */
export interface DeviceKeyOperations {
  /** @param isComplete - what this manager does not name any more is revoked */
  importDeviceKeys(
    actor: string,
    wanted: { readonly mdm: string; readonly keys: readonly WantedKey[]; readonly isComplete: boolean },
  ): Promise<KeysImported>
  /** @throws Refusal `no-such-device-key` */
  revokeDeviceKey(
    actor: string,
    thumbprint: string,
  ): Promise<{ readonly key: DeviceKey & { readonly localpart: string }; readonly effect: Effect }>
}

/** Builds the operations. @param change - see `createOperations`, which runs them one at a time. */
export function createDeviceKeyOperations(change: Change, now: () => Date): DeviceKeyOperations {
  return {
    async importDeviceKeys(actor, { mdm, keys, isComplete }) {
      const { result, effect } = await change(async (tx) => {
        const epoch = await getPolicyEpoch(tx)
        const at = now()
        const rows = keys.map((key) => ({ ...key, mdm, importedAt: at, importedBy: actor, epoch }))
        const stillRevoked = await putDeviceKeys(tx, rows)
        const except = keys.map(({ thumbprint }) => thumbprint)
        const revocation = { revokedAt: at, revokedBy: actor, epoch }
        const revoked = isComplete ? await revokeDeviceKeys(tx, { mdm, except }, revocation) : []
        const detail = { enrolled: keys.length - stillRevoked.length, revoked, isComplete }
        return {
          result: { stillRevoked, revoked },
          entry: { actor, action: 'import-device-keys', target: mdm, detail },
        }
      })
      return { ...result, effect }
    },
    async revokeDeviceKey(actor, thumbprint) {
      const { result, effect } = await change(async (tx) => {
        const epoch = await getPolicyEpoch(tx)
        const revocation = { revokedAt: now(), revokedBy: actor, epoch }
        const [revoked] = await revokeDeviceKeys(tx, { thumbprint }, revocation)
        const key = revoked === undefined ? undefined : await findDeviceKey(tx, revoked)
        if (!key) throw new Refusal('no-such-device-key')
        const detail = { account: key.localpart, device: key.label, mdm: key.mdm }
        return { result: key, entry: { actor, action: 'revoke-device-key', target: thumbprint, detail } }
      })
      return { key: result, effect }
    },
  }
}
