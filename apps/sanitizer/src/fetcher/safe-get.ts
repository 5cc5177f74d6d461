import { lookup as dnsLookup } from 'node:dns/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { isPublicAddress, type IsAllowedAddress } from './address.ts'
import { ForbiddenTarget, parseTarget } from './target.ts'

const MAX_REDIRECTS = 5
/** For all hops together, in milliseconds. */
const TOTAL_MS = 8_000
/** After this long, so much must have come: a server that drips is left. */
const GRACE_MS = 2_000
const SLOWEST_BYTES_PER_S = 1_024
/** A page or image that unpacks to more than this many times its size is a bomb. */
const MAX_RATIO = 100
const RATIO_FROM_BYTES = 65_536

/** It was tried, and there is nothing to be had: too large, too slow, an error of the server. */
export class FetchFailed extends Error {}

export interface Fetched {
  /** After redirects. */
  readonly url: URL
  readonly type: string
  /** Unpacked. With `isCut`, only the first bytes of it. */
  readonly body: Buffer
  readonly isCut: boolean
}

export interface GetOptions {
  /** Most bytes of the body, unpacked. */
  readonly maxBytes: number
  /** What to do with more: a page may be cut, an image may not. */
  readonly mayCut: boolean
  readonly accept: string
  readonly signal?: AbortSignal | undefined
}

/** How the outside is reached; tests have an Internet of their own. */
export interface Network {
  readonly resolve: (hostname: string) => Promise<readonly string[]>
  readonly isAllowedAddress: IsAllowedAddress
  /** Other ports than 80 and 443. */
  readonly allowsPort?: (port: string) => boolean
}

export const INTERNET: Network = {
  resolve: async (hostname) => (await dnsLookup(hostname, { all: true })).map(({ address }) => address),
  isAllowedAddress: isPublicAddress,
}

/**
 * One GET of a URL that a stranger chose. At every hop the target is checked, its host is resolved once, every address it
 * has must be public, and the connection goes to an address that was checked and to no other: what the name means a
 * moment later does not matter. No cookies, no credentials, no proxy, no kept connection.
 */
export async function safeGet(text: string, options: GetOptions, network: Network = INTERNET): Promise<Fetched> {
  const timeout = AbortSignal.timeout(TOTAL_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  let url = parseTarget(text, undefined, network.allowsPort)
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await get(url, await resolveOnce(url, network), options.accept, signal)
    const { statusCode = 0, headers } = response
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy()
      const next = parseTarget(headers.location, url, network.allowsPort)
      if (url.protocol === 'https:' && next.protocol === 'http:') throw new ForbiddenTarget('a redirect out of TLS')
      url = next
      continue
    }
    if (statusCode !== 200) {
      response.destroy()
      throw new FetchFailed(`status ${statusCode}`)
    }
    const type = (headers['content-type'] ?? '').slice(0, 200)
    return { url, type, ...(await read(response, options, signal)) }
  }
  throw new FetchFailed('too many redirects')
}

async function resolveOnce({ hostname }: URL, { resolve, isAllowedAddress }: Network): Promise<string> {
  const addresses = await resolve(hostname).catch(() => {
    throw new FetchFailed('the host has no address')
  })
  const [first] = addresses
  if (first === undefined) throw new FetchFailed('the host has no address')
  // One private address among public ones is how a name is turned into a weapon.
  if (!addresses.every((address) => isAllowedAddress(address)))
    throw new ForbiddenTarget('an address that is not public')
  return first
}

function get(url: URL, address: string, accept: string, signal: AbortSignal): Promise<IncomingMessage> {
  const family = address.includes(':') ? 6 : 4
  const lookup: LookupFunction = (_hostname, { all }, done) =>
    all ? done(null, [{ address, family }]) : done(null, address, family)
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      agent: false,
      lookup,
      signal,
      maxHeaderSize: 16_384,
      headers: { accept, 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'Drawbridge (link preview)' },
    })
    request.once('response', resolve)
    request.on('error', (error) => reject(new FetchFailed(error.message)))
    request.end()
  })
}

const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

async function read(
  response: IncomingMessage,
  { maxBytes, mayCut }: GetOptions,
  signal: AbortSignal,
): Promise<Pick<Fetched, 'body' | 'isCut'>> {
  const encoding = (response.headers['content-encoding'] ?? '').trim().toLowerCase()
  const decoder = DECODERS[encoding]?.()
  if (decoder === undefined && encoding !== '' && encoding !== 'identity') throw new FetchFailed('an unknown encoding')
  const startedAt = performance.now()
  let packed = 0
  response.on('data', (chunk: Buffer) => (packed += chunk.length))
  const pace = setInterval(() => {
    const ms = performance.now() - startedAt
    if (ms > GRACE_MS && packed < (SLOWEST_BYTES_PER_S * ms) / 1_000) response.destroy(new Error('too slow'))
  }, 500)
  const stream: Readable = decoder ? response.pipe(decoder) : response
  // Without this a response that breaks leaves its decoder waiting for ever.
  response.on('error', (error) => decoder?.destroy(error))
  response.on('aborted', () => decoder?.destroy(new Error('the answer broke off')))
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted()
      length += chunk.length
      if (length > RATIO_FROM_BYTES && length > packed * MAX_RATIO) throw new FetchFailed('a bomb')
      chunks.push(chunk)
      if (length > maxBytes) {
        if (!mayCut) throw new FetchFailed('too large')
        return { body: Buffer.concat(chunks).subarray(0, maxBytes), isCut: true }
      }
    }
    return { body: Buffer.concat(chunks), isCut: false }
  } catch (error) {
    if (error instanceof FetchFailed) throw error
    throw new FetchFailed(error instanceof Error ? error.message : 'it broke off')
  } finally {
    clearInterval(pace)
    response.destroy()
    decoder?.destroy()
  }
}
