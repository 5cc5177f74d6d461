import { clientProofText } from '@drawbridge/xmpp'
import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningServer } from './running-server.ts'

// The client's side of tiers E3 and E4, written apart from the server's.

/** A build of the web client. */
export const BUILD = { name: 'drawbridge-web', version: '4.2.0', build: '9f31c2e' } as const
type Named = Readonly<Record<'name' | 'version' | 'build', string>>

/** An installation with a key of its own. */
export interface Installation {
  /** As `<proof/>` has it. */
  readonly key: string
  readonly publicKey: KeyObject
  /** A signature that is of use on this stream. */
  signed(streamId: string, account?: string, binding?: Buffer): string
}

export function installation(kind: 'P-256' | 'Ed25519' = 'P-256'): Installation {
  const { publicKey, privateKey } =
    kind === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const [own, other] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  const raw = kind === 'Ed25519' ? own : Buffer.concat([Buffer.from([4]), own, other])
  return {
    key: raw.toString('base64url'),
    publicKey,
    signed(streamId, account = 'alice@im.test', binding = undefined) {
      const text = clientProofText('im.test', account, streamId, binding?.toString('base64url'))
      const options = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      return sign(kind === 'Ed25519' ? null : 'sha256', Buffer.from(text), options).toString('base64url')
    },
  }
}

/** The id of a stream, in what the server says when it opens. */
export function streamIdIn(header: string): string {
  const [, id] = /<(?:open|stream:stream)[^>]* id="([^"]+)"/.exec(header) ?? []
  if (id === undefined) throw new Error(`no stream id: ${header}`)
  return id
}

export interface Shown {
  readonly token?: string | undefined
  readonly signature: string
  readonly key: string
  readonly binding?: string
}

/** `<client/>` with what proves it. */
export function provedClient(shown: Shown | undefined, { name, version, build }: Named = BUILD): string {
  const binding = shown?.binding === undefined ? '' : ` binding='${shown.binding}'`
  const proof = shown
    ? `<proof key='${shown.key}' signature='${shown.signature}'${binding}>${shown.token ?? ''}</proof>`
    : ''
  return `<client xmlns='urn:drawbridge:client:1' name='${name}' version='${version}' build='${build}'>${proof}</client>`
}

export interface TokenAnswer {
  readonly status: number
  readonly token: string
  readonly lifetimeMs: number
  readonly type: string
}

/** What the page does first: gets a token for its key. */
export async function fetchToken(
  { httpPort }: RunningServer,
  { key }: Pick<Installation, 'key'>,
  about: Partial<Named> & { readonly account?: string } = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/client-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
    body: JSON.stringify({ account: 'alice@im.test', ...BUILD, key, ...about }),
  })
  return { status: answer.status, ...((await answer.json()) as Omit<TokenAnswer, 'status'>) }
}

/** A directory with a web client in it, as far as the server looks. */
export async function webClient(): Promise<
  { readonly path: string; install(build: Named): Promise<void> } & AsyncDisposable
> {
  const path = await mkdtemp(join(tmpdir(), 'web-'))
  let second = Math.floor(Date.now() / 1_000)
  const install = async (build: Named) => {
    const component = { type: 'application', name: build.name, version: build.version }
    const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component }, components: [] }
    await writeFile(join(path, 'sbom.json'), JSON.stringify(sbom))
    await writeFile(join(path, 'build.json'), JSON.stringify(build))
    // Two builds in one tick of the clock are still two.
    await utimes(join(path, 'build.json'), ++second, second)
  }
  await install(BUILD)
  return { path, install, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
