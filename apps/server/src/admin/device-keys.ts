import { Refusal } from '@drawbridge/contract'
import type { BodyOf, DeviceKeyFault, DeviceKeyView } from '@drawbridge/contract'
import { findDeviceKey, listDeviceKeys } from '@drawbridge/db'
import type { DeviceKey } from '@drawbridge/db'
import type { WantedKey } from '../policy/device-keys.ts'
import { importInstallationKey } from '../stream/installation-key.ts'
import { localpartFrom } from '../routing/account-name.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

type Ids = 'listDeviceKeys' | 'getDeviceKey' | 'importDeviceKeys' | 'revokeDeviceKey'

/** Keys of managed devices (control §3.1, E4): the offline import of what an MDM has exported, and their revocation. */
export function deviceKeyHandlers({ db, domain, accounts, policy, now }: AdminContext): AdminHandlers<Ids> {
  const { operations } = policy
  const wantedFrom = (key: BodyOf<'importDeviceKeys'>['keys'][number]): WantedKey | DeviceKeyFault => {
    const account = accounts.find(localpartFrom(key.account, domain))
    if (!account) return 'no-such-account'
    const known = importInstallationKey(key.publicKey)
    if (!known) return 'unusable-key'
    const notAfter = new Date(key.notAfter)
    if (notAfter <= now()) return 'expired'
    return { thumbprint: known.thumbprint, accountId: account.id, label: key.device, notAfter }
  }
  return {
    async listDeviceKeys({ query: { cursor, limit = 100, account } }) {
      const localpart = account === undefined ? undefined : localpartFrom(account, domain)
      const rows = await listDeviceKeys(db, limit + 1, { after: cursor, localpart })
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.thumbprint : undefined
      return { keys: page.map(deviceKeyView), ...(next === undefined ? {} : { next }) }
    },
    async getDeviceKey({ params: { thumbprint } }) {
      const row = await findDeviceKey(db, thumbprint)
      if (!row) throw new Refusal('no-such-device-key')
      return { key: deviceKeyView(row) }
    },
    async importDeviceKeys(request) {
      const { mdm, keys, isComplete = false } = request.body
      const wanted = new Map<string, WantedKey>()
      const skipped: { index: number; fault: DeviceKeyFault }[] = []
      for (const [index, key] of keys.entries()) {
        const found = wantedFrom(key)
        if (typeof found === 'string') skipped.push({ index, fault: found })
        else if (wanted.has(found.thumbprint)) skipped.push({ index, fault: 'named-twice' })
        else wanted.set(found.thumbprint, found)
      }
      const done = await operations.importDeviceKeys(actorOf(request).name, {
        mdm,
        keys: [...wanted.values()],
        isComplete,
      })
      const { stillRevoked, revoked, effect } = done
      return { enrolled: wanted.size - stillRevoked.length, skipped, stillRevoked, revoked, effect }
    },
    async revokeDeviceKey(request) {
      const { key, effect } = await operations.revokeDeviceKey(actorOf(request).name, request.params.thumbprint)
      return { key: deviceKeyView(key), effect }
    },
  }
}

function deviceKeyView(row: DeviceKey & { readonly localpart: string }): DeviceKeyView {
  const { thumbprint, localpart: account, label: device, mdm, notAfter, importedAt, importedBy } = row
  const { revokedAt, revokedBy } = row
  return {
    thumbprint,
    account,
    device,
    mdm,
    notAfter: notAfter.toISOString(),
    importedAt: importedAt.toISOString(),
    importedBy,
    ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
    ...(revokedBy === null ? {} : { revokedBy }),
  }
}
