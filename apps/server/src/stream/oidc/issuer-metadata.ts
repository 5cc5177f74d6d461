import { readBounded } from '@drawbridge/runtime'
import * as z from 'zod'
import { isTrustworthy } from './oidc.config.ts'

/** For each document, in milliseconds. */
const TIMEOUT_MS = 5_000
/** Real ones are some 20 KiB. */
const MAX_BYTES = 256 * 1024

/** What an issuer says of itself, as far as it is of use here (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3). */
const metadata = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  authorization_endpoint: z.string().optional(),
  token_endpoint: z.string().optional(),
  response_modes_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})
export type IssuerMetadata = z.output<typeof metadata>

export interface Fetching {
  readonly allowPlaintext: boolean
}

/** Where an issuer says what clients and servers need to know of it (OpenID Connect Discovery §4). */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/** Asks the issuer. Rejects when it does not answer, or answers as somebody else. */
export async function fetchIssuerMetadata(issuer: string, fetching: Fetching): Promise<IssuerMetadata> {
  const found = metadata.parse(await fetchJson(discoveryUrl(issuer), fetching))
  // Whoever says that he is somebody else is not who the operator meant (OpenID Connect Discovery §4.3).
  if (found.issuer !== issuer) throw new Error(`it calls itself ${found.issuer}`)
  return found
}

/** A document of the issuer. Rejects when it is not there, too large, or not where its content can be trusted. */
export async function fetchJson(address: string, fetching: Fetching): Promise<unknown> {
  if (!isTrustworthy(address, fetching)) throw new Error(`${address} is no https address`)
  const response = await fetch(address, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`${address} answered ${response.status}`)
  const bytes = await readBounded(response.body, MAX_BYTES)
  if (!bytes) throw new Error(`${address} says too much`)
  return JSON.parse(bytes.toString()) as unknown
}

/** What went wrong, for the log: `fetch` hides it in the cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
