/** Shows the server which build this is (tier E3), anew before what it was shown last runs out. */
import { clientProofText, type ClientProof } from '@drawbridge/xmpp'
import type { ClientIdentity } from '../connection/connection.ts'
import { getInstallationKey } from '../storage/installation-key.ts'
import { fetchClientToken } from './service-documents.ts'

/** What proves on a stream which build this is. */
export interface Evidence {
  /** Undefined where it cannot be had now: then the client counts as what it says. Never rejects. */
  prove(streamId: string): Promise<ClientProof | undefined>
  stop(): void
}

export interface EvidenceOptions {
  /** Bare JID. */
  readonly account: string
  readonly domain: string
  readonly identity: ClientIdentity
  /** It is time to show another proof. */
  readonly onDue: () => void
}

/** After a token could not be had, in milliseconds. */
const RETRY_MS = 30_000
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Prepares the proofs of one account; nothing happens before the first is asked for. */
export function createEvidence({ account, domain, identity, onDue }: EvidenceOptions): Evidence {
  let key: Promise<CryptoKeyPair> | undefined
  let last: { readonly token: string; readonly until: number; readonly lifetimeMs: number } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** One that lasts, or else one that is good for a moment more. */
  async function token(publicKey: string): Promise<string | undefined> {
    const leftMs = () => (last ? last.until - Date.now() : 0)
    if (!last || leftMs() < last.lifetimeMs / 2) {
      const { version, build, name } = identity
      const fresh = await fetchClientToken({ account, name, version, build, key: publicKey })
      if (fresh) last = { ...fresh, until: Date.now() + fresh.lifetimeMs }
    }
    clearTimeout(timer)
    const restMs = leftMs() - (last?.lifetimeMs ?? 0) / 2
    timer = setTimeout(onDue, restMs > 0 ? restMs + 1 : RETRY_MS)
    return leftMs() > 0 ? last?.token : undefined
  }

  return {
    async prove(streamId) {
      try {
        const { publicKey, privateKey } = await (key ??= getInstallationKey(account))
        const own = base64url(await crypto.subtle.exportKey('raw', publicKey))
        const text = new TextEncoder().encode(clientProofText(domain, account, streamId))
        const signature = base64url(await crypto.subtle.sign(SIGNATURE, privateKey, text))
        return { key: own, signature, token: await token(own) }
      } catch {
        return undefined
      }
    },
    stop: () => clearTimeout(timer),
  }
}

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
