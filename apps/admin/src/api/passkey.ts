import type { BodyOf, PasskeyView } from '@drawbridge/contract'
import { ApiProblem } from './call.ts'
import type { Call } from './call.ts'

// WebAuthn in the browser. Keys live on this device or another one, and ask their user each time.

type SignIn = BodyOf<'signIn'>
type Assertion = Extract<SignIn, { readonly passkey: unknown }>['passkey']

/** COSE numbers of ES256, EdDSA and RS256: what the server takes, best first. */
const ALGORITHMS = [-7, -8, -257]

/** Whether there can be passkeys here: browsers bind them to the name of a host, over https. */
export function hasPasskeys(): boolean {
  return 'PublicKeyCredential' in globalThis && !/^[\d.]+$|^\[/u.test(location.hostname)
}

/**
 * Shows a passkey. Undefined when whoever was asked thought better of it. Rejects with `ApiProblem`.
 *
 * @param known - these only; absent: whatever the device has for this place
 */
export async function showPasskey(call: Call, known?: readonly PasskeyView[]): Promise<Assertion | undefined> {
  const { challenge, rpId } = await call('challengePasskey')
  const credential = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(challenge),
        rpId,
        userVerification: 'required',
        ...(known && { allowCredentials: known.map(descriptor) }),
      },
    }),
  )
  if (!credential) return undefined
  const { clientDataJSON, authenticatorData, signature } = credential.response as AuthenticatorAssertionResponse
  return {
    id: text(credential.rawId),
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
  }
}

/** Makes a passkey for whoever is signed in, and adds it. Undefined when they thought better of it. */
export async function addPasskey(call: Call, { account, known, name }: NewPasskey) {
  const { challenge, rpId, userId } = await call('beginPasskey')
  const credential = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytes(challenge),
        rp: { id: rpId, name: 'Drawbridge' },
        user: { id: bytes(userId), name: account, displayName: account },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: known.map(descriptor),
      },
    }),
  )
  if (!credential) return undefined
  const response = credential.response as AuthenticatorAttestationResponse
  const publicKey = response.getPublicKey()
  if (!publicKey) throw new ApiProblem('passkey-failed')
  return call('addPasskey', {
    body: {
      name,
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.getAuthenticatorData()),
      publicKey: text(publicKey),
    },
  })
}

export interface NewPasskey {
  /** Whom it is for, as the device lists it. */
  readonly account: string
  /** Those that the account has: no device gets a second one. */
  readonly known: readonly PasskeyView[]
  /** What its owner calls it. */
  readonly name: string
}

/** Browsers tell refusals by people from nothing to refuse, and both from what went wrong, by names of exceptions. */
async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential | undefined> {
  try {
    return ((await ask()) as PublicKeyCredential | null) ?? undefined
  } catch (error) {
    const name = error instanceof DOMException ? error.name : ''
    if (name === 'NotAllowedError' || name === 'AbortError') return undefined
    throw new ApiProblem(name === 'InvalidStateError' ? 'passkey-known' : 'passkey-failed')
  }
}

function descriptor({ credentialId }: PasskeyView): PublicKeyCredentialDescriptor {
  return { type: 'public-key', id: bytes(credentialId) }
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  )
}

function text(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
