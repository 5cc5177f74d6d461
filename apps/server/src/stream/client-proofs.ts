import { claimFrom } from '@drawbridge/policy'
import type { Claim } from '@drawbridge/policy'
import { clientProofText } from '@drawbridge/xmpp'
import type { ClientClaim } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import type { ClientTokens, TokenFault } from './client-token.ts'
import type { DeviceKeys } from './device-keys.ts'
import { countClientProof } from './events.ts'
import { findInstallationKey } from './installation-key.ts'
import type { InstallationKey } from './installation-key.ts'

/** A claim that is more than the word of a client, and for how long. */
export interface Proof {
  readonly claim: Claim
  readonly until: Date
  /** Of the enrolled key that it rests on. */
  readonly deviceKey?: string
}

/** Where a client proves something: on its own stream, as somebody who has signed in. */
export interface ProofPlace {
  readonly account: Pick<Account, 'id' | 'bareJid'>
  readonly connection: Pick<Connection, 'streamId' | 'channelBindings'>
}

/**
 * What clients prove of themselves (control §3.1, E3 and E4): that they hold the key of their installation, by a signature
 * that is of use on this stream only; that this server gave a token for their build to that key; that an administrator
 * enrolled it. What is wrong with a proof is counted and told nobody: it is worth nothing, and the client counts as what
 * it says it is.
 */
export interface ClientProofs {
  check(claim: ClientClaim | undefined, place: ProofPlace): readonly Proof[]
  /** Those of these that still count: keys are revoked, and time passes. */
  standing(proofs: readonly Proof[]): readonly Proof[]
  /** Whether the enrolled key with this thumbprint still counts. */
  isStanding(deviceKey: string): boolean
}

/** A proof, or what is wrong with it. */
type Outcome = Proof | TokenFault | 'other-account' | 'other-key' | 'revoked'

export interface ClientProofsOptions {
  readonly domain: string
  readonly tokens: ClientTokens
  readonly deviceKeys: Pick<DeviceKeys, 'find'>
  readonly now: () => Date
}

export function createClientProofs({ domain, tokens, deviceKeys, now }: ClientProofsOptions): ClientProofs {
  const provedKey = ({ proof }: ClientClaim, { account, connection }: ProofPlace): InstallationKey | undefined => {
    const { streamId, channelBindings } = connection
    const key = proof && findInstallationKey(proof.key)
    const binding = proof?.binding && channelBindings?.[proof.binding]
    // It saw other TLS than we did: somebody is between us.
    const isBound = proof?.binding === undefined || binding !== undefined
    if (!key || !isBound || streamId === undefined) return undefined
    const text = clientProofText(domain, account.bareJid, streamId, binding?.toString('base64url'))
    return key.hasSigned(text, Buffer.from(proof?.signature ?? '', 'base64url')) ? key : undefined
  }
  const byToken = (text: string, { os }: ClientClaim, key: InstallationKey, { account }: ProofPlace): Outcome => {
    const token = tokens.read(text, now())
    if (typeof token === 'string') return token
    if (token.account !== account.bareJid) return 'other-account'
    if (token.key !== key.thumbprint) return 'other-key'
    const { family: name, version, build, expiresAt: until } = token
    return { claim: claimFrom({ source: 'token', name, version, build, os }), until }
  }
  const byDevice = (claimed: ClientClaim, { thumbprint }: InstallationKey, place: ProofPlace): Outcome | undefined => {
    const { name, version, build, os } = claimed
    const key = deviceKeys.find(thumbprint)
    if (!key) return undefined
    if (key.accountId !== place.account.id) return 'other-account'
    if (key.isRevoked) return 'revoked'
    if (key.notAfter <= now()) return 'expired'
    const claim = claimFrom({ source: 'device-key', name, version, build, os })
    return { claim, until: key.notAfter, deviceKey: thumbprint }
  }
  const isStanding = (deviceKey: string) => {
    const key = deviceKeys.find(deviceKey)
    return key !== undefined && !key.isRevoked && key.notAfter > now()
  }
  return {
    isStanding,
    check(claim, place) {
      if (!claim?.proof) return []
      const key = provedKey(claim, place)
      if (!key) {
        countClientProof({ kind: 'key', outcome: 'wrong-signature' })
        return []
      }
      const { token } = claim.proof
      const answers = {
        token: token === undefined ? undefined : byToken(token, claim, key, place),
        'device-key': byDevice(claim, key, place),
      }
      return (['token', 'device-key'] as const).flatMap((kind) => {
        const answer = answers[kind]
        if (answer !== undefined) countClientProof({ kind, outcome: typeof answer === 'string' ? answer : 'good' })
        return answer === undefined || typeof answer === 'string' ? [] : [answer]
      })
    },
    standing: (proofs) =>
      proofs.filter(({ until, deviceKey }) => {
        const isGood = deviceKey === undefined || deviceKeys.find(deviceKey)?.isRevoked === false
        return isGood && until > now()
      }),
  }
}
