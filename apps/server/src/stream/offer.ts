import {
  buildAuthentication,
  buildConfigVersion,
  NS_CLIENT,
  NS_SASL,
  NS_SASL_CHANNEL_BINDING,
  NS_STREAM,
  NS_TLS,
  serialize,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Connection } from '../transport/connection.ts'
import { fastMechanismsFor } from './fast.ts'
import { buildLimits } from './limits.ts'
import { mechanismsFor } from './sasl.ts'
import type { SaslSituation } from './sasl.ts'
import type { StreamServer } from './stream-server.ts'
import { upgradeTasks } from './upgrade.ts'

/** What is offered to whoever has not signed in. */
export interface Offer {
  /** `<stream:features/>` */
  readonly text: string
  /** A name for all of it, where clients are to know one (XEP-0509 §2.3). */
  readonly configVersion: string | undefined
}

/**
 * What is offered on a connection before signing in. It follows from the configuration and from a few properties of the
 * connection, and is the most that a stream says before it knows anybody: so it is written down once for each situation.
 */
export function offerOn(connection: Connection, situation: SaslSituation, server: StreamServer): Offer {
  const { framing, isEncrypted } = connection
  const key = `${framing} ${isEncrypted} ${situation.isProtected} ${Object.keys(situation.bindings ?? {}).join()}`
  const known = server.offers.get(key)
  if (known) return known
  const offer = write(connection, situation, server)
  server.offers.set(key, offer)
  return offer
}

function write({ framing, isEncrypted }: Connection, situation: SaslSituation, server: StreamServer): Offer {
  const { config, limits } = server
  const features = xml(
    'stream:features',
    { 'xmlns:stream': NS_STREAM },
    buildLimits(limits.beforeSignIn, config.signInTimeoutMs),
  )
  const text = () => serialize(features, { parentNS: framing === 'tcp' ? NS_CLIENT : '' })
  const canUpgrade = framing === 'tcp' && !isEncrypted
  if (canUpgrade)
    features.append(xml('starttls', { xmlns: NS_TLS }, config.allowPlaintext ? undefined : xml('required')))
  if (canUpgrade && !config.allowPlaintext) return { text: text(), configVersion: undefined }
  for (const feature of [...signInFeatures(situation, server), ...server.featuresBeforeSignIn]) features.append(feature)
  const configVersion = config.hasPipelining ? server.stableName(features.toString()) : undefined
  if (configVersion !== undefined) features.append(buildConfigVersion(configVersion))
  return { text: text(), configVersion }
}

/** Ways to sign in, as stream features (RFC 6120 §6.4.1, XEP-0388 §2.1, XEP-0440 §3). */
function signInFeatures(situation: SaslSituation, server: StreamServer): Element[] {
  const mechanisms = mechanismsFor(situation, server)
  const types = Object.keys(situation.bindings ?? {}).map((type) => xml('channel-binding', { type }))
  return [
    xml('mechanisms', { xmlns: NS_SASL }, ...mechanisms.map((name) => xml('mechanism', {}, name))),
    buildAuthentication({
      mechanisms,
      fast: fastMechanismsFor(situation),
      bindFeatures: server.bindFeatures,
      upgrades: upgradeTasks(server.passwords.families),
    }),
    ...(types.length > 0 ? [xml('sasl-channel-binding', { xmlns: NS_SASL_CHANNEL_BINDING }, ...types)] : []),
  ]
}
