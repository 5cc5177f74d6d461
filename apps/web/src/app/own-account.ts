/** What people may know and do about their own account: the clients that can act for it, and the room it takes. */
import { NS_CLIENT_ACCESS } from '@drawbridge/xmpp'
import { RequestError, xml } from '../connection/connection.ts'
import { buildDevicesRequest, buildRevocation, parseDevices, type Device } from '../protocol/devices.ts'
import { buildPolicyRequest, parsePolicy, type EncryptionPolicy } from '../protocol/encryption.ts'
import { buildQuotasRequest, parseQuotas, type Quota } from '../protocol/quotas.ts'
import type { ChatContext } from './context.ts'

export interface OwnAccount {
  /** Everything that can act for this account, this client first. Rejects without an answer. */
  listDevices(): Promise<readonly Device[]>
  /** `password-known`: it was signed out, and can come back with the password that it has. Rejects when nothing ended. */
  revokeDevice(id: string): Promise<'revoked' | 'password-known'>
  /** Rejects without an answer. */
  listQuotas(): Promise<readonly Quota[]>
  /** What becomes of end-to-end encrypted messages between this account and somebody. Rejects without an answer. */
  encryptionWith(peer: string): Promise<EncryptionPolicy>
}

export function createOwnAccount({ account, domain, connection }: ChatContext): OwnAccount {
  return {
    listDevices: async () => parseDevices(await connection.request('get', buildDevicesRequest(xml), account)),
    async revokeDevice(id) {
      try {
        await connection.request('set', buildRevocation(xml, id), account)
        return 'revoked'
      } catch (error) {
        // XEP-0494 §3.2.
        const isKnown = error instanceof RequestError && error.error.application.includes(NS_CLIENT_ACCESS)
        if (isKnown) return 'password-known'
        throw error
      }
    },
    listQuotas: async () => parseQuotas(await connection.request('get', buildQuotasRequest(xml), domain)),
    encryptionWith: async (peer) => parsePolicy(await connection.request('get', buildPolicyRequest(xml), peer)),
  }
}
