import { join } from 'node:path'
import type { Ground } from './ground.ts'
import type { ServerConfig } from './server.config.ts'
import type { Storage } from './storage.ts'
import { createClientTokens } from './stream/client-token.ts'
import type { ClientTokens } from './stream/client-token.ts'
import { createDeviceKeys } from './stream/device-keys.ts'
import type { DeviceKeys } from './stream/device-keys.ts'
import { createPasswords } from './stream/password.ts'
import type { Passwords } from './stream/password.ts'
import { createRevocations } from './stream/revocations.ts'
import type { Revocations } from './stream/revocations.ts'
import { loadSealer } from './stream/seal.ts'
import type { Sealer } from './stream/seal.ts'
import { familiesFrom } from './stream/stream.config.ts'
import { createThrottle } from './stream/throttle.ts'
import type { Throttle } from './stream/throttle.ts'
import { loadVapid } from './web-push/vapid.ts'
import type { Vapid } from './web-push/vapid.ts'

/** How people, their clients and this server prove who they are. */
export interface Credentials {
  /** Seals secrets for the database, and gives each purpose a key of its own. */
  readonly sealer: Sealer
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly revocations: Revocations
  readonly deviceKeys: DeviceKeys
  readonly clientTokens: ClientTokens
  readonly vapid: Vapid
}

/** Reads the keys of this server, and makes those that are not there yet. */
export async function loadCredentials({ config, at, log, now }: Ground, { db }: Storage): Promise<Credentials> {
  const { domain } = config.common
  const sealer = await loadSealer(join(at.secrets, 'credential-key'))
  const passwords = createPasswords({
    db,
    domain,
    sealer,
    scramIterations: config.stream.scramIterations,
    families: familiesFrom(config.stream),
    onError: (error) => log.warn('a verifier was not made anew', { error: String(error) }),
  })
  return {
    sealer,
    passwords,
    throttle: createThrottle(config.stream.freeSignInFailures),
    revocations: createRevocations(config.stream.signInTimeoutMs),
    deviceKeys: createDeviceKeys(),
    clientTokens: createClientTokens(sealer.derive('client tokens'), domain, config.clientProof.tokenTtlMs),
    vapid: await loadVapid(join(at.secrets, 'vapid-key'), config.push.contact ?? contactOf(config), now),
  }
}

/** Whom push services can reach about us: a page that everybody can read, or else by mail. */
function contactOf({ common, web }: ServerConfig): string {
  return web.publicUrl?.startsWith('https:') ? web.publicUrl : `mailto:postmaster@${common.domain}`
}
