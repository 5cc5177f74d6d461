import { z } from 'zod'

/** What a bundle holds: files of feeds, as they were published. */
export interface Bundle {
  /** Rises with each bundle of a publisher: an older one is not taken again. */
  readonly sequence: number
  /** ISO 8601. */
  readonly createdAt: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
}

/** DSSE's type of our payload. */
export const BUNDLE_TYPE = 'application/vnd.drawbridge.feed-bundle+json'

/** A bundle that is damaged, or signed by nobody who is trusted. */
export class BundleError extends Error {}

const envelope = z.object({
  payloadType: z.literal(BUNDLE_TYPE),
  payload: z.base64(),
  signatures: z
    .array(z.object({ keyid: z.string().max(256).default(''), sig: z.base64().max(256) }))
    .min(1)
    .max(16),
})
const bundle = z.object({
  sequence: z.int().min(0),
  createdAt: z.iso.datetime(),
  files: z.array(z.object({ name: z.string().min(1).max(256), text: z.string() })).max(10_000),
})

/** The bytes that are signed: DSSE's pre-authentication encoding, which no other payload type can be mistaken for. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  const encoder = new TextEncoder()
  const head = encoder.encode(`DSSEv1 ${encoder.encode(BUNDLE_TYPE).length} ${BUNDLE_TYPE} ${payload.length} `)
  const bytes = new Uint8Array(head.length + payload.length)
  bytes.set(head)
  bytes.set(payload, head.length)
  return bytes
}

/**
 * Opens a signed bundle: a DSSE envelope (github.com/secure-systems-lab/dsse) with one Ed25519 signature that is right.
 *
 * @param verify - whether a trusted key made this signature.
 * @throws BundleError
 */
export function readBundle(text: string, verify: (bytes: Uint8Array, signature: Uint8Array) => boolean): Bundle {
  const opened = envelope.safeParse(parse(text))
  if (!opened.success) throw new BundleError('It is no bundle: a DSSE envelope was expected.')
  const payload = fromBase64(opened.data.payload)
  const bytes = signedBytes(payload)
  // Before anything of it is looked at.
  if (!opened.data.signatures.some(({ sig }) => verify(bytes, fromBase64(sig)))) {
    throw new BundleError('No trusted key has signed it.')
  }
  const read = bundle.safeParse(parse(new TextDecoder().decode(payload)))
  if (!read.success) throw new BundleError('Its content cannot be read, although its signature is right.')
  return read.data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
