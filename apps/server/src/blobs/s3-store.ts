import { readBounded } from '@drawbridge/runtime'
import { AwsV4Signer } from 'aws4fetch'
import { createHash } from 'node:crypto'
import { createReadStream, openAsBlob } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { StorageFull, StorageUnavailable } from './object-store.ts'
import type { ObjectEntry, ObjectStore } from './object-store.ts'

export interface S3Options {
  /** Base URL of the service; the bucket is the first segment of the path. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Longest time until the service begins to answer, beside what sending the body takes. */
const ANSWER_MS = 10_000
/** The slowest that a body may go, in bytes per millisecond. */
const SLOWEST_BYTES_PER_MS = 100
/** Tries of one request that the service did not answer, or answered with a fault of its own. */
const TRIES = 3
const RETRY_MS = 200
/** Longest page of a list: a thousand keys with what is said about each. */
const LIST_MAX_BYTES = 4 * 1024 * 1024
const EMPTY_SHA256 = createHash('sha256').digest('hex')

/** What is sent, with its hash, which is signed. */
interface Body {
  readonly content: Blob
  readonly sha256: string
}

/**
 * Objects in a bucket of an S3 service, by path-style URLs and AWS Signature Version 4. A PUT of S3 is atomic and durable
 * when it is answered; what belongs to us below 100 MB needs no parts.
 */
export function createS3Store(options: S3Options): ObjectStore {
  const { region, accessKeyId, secretAccessKey } = options
  const base = `${options.endpoint.replace(/\/+$/, '')}/${options.bucket}`
  const urlOf = (key: string) => `${base}/${key.split('/').map(encodeURIComponent).join('/')}`

  /** The answer to a signed request, whatever its status but those that say that it may be tried again. */
  async function send(method: string, url: string, body?: Body, range?: string): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const headers = {
        'x-amz-content-sha256': body?.sha256 ?? EMPTY_SHA256,
        ...(range === undefined ? {} : { range }),
      }
      const signer = new AwsV4Signer({ method, url, headers, region, accessKeyId, secretAccessKey, service: 's3' })
      const signed = await signer.sign()
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), ANSWER_MS + (body?.content.size ?? 0) / SLOWEST_BYTES_PER_MS)
      try {
        const answer = await fetch(signed.url, {
          method,
          headers: signed.headers,
          signal: late.signal,
          ...(body && { body: body.content }),
        })
        // 507 is what servers with disks of their own say.
        if (answer.status === 507) throw new StorageFull(await textOf(answer))
        if (answer.status < 500 && answer.status !== 429) return answer
        throw new StorageUnavailable(`${method} was answered with ${answer.status}`)
      } catch (error) {
        if (error instanceof StorageFull) throw error
        if (attempt >= TRIES) throw unavailable(error)
      } finally {
        clearTimeout(timer)
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt))
    }
  }

  async function store(key: string, body: Body): Promise<void> {
    const answer = await send('PUT', urlOf(key), body)
    await expectStatus(answer, 200)
    await answer.body?.cancel()
  }

  return {
    put: (key, bytes) =>
      store(key, {
        content: new Blob([bytes as Uint8Array<ArrayBuffer>]),
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }),
    async take(key, path) {
      const sha256 = createHash('sha256')
      for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) sha256.update(chunk)
      await store(key, { content: await openAsBlob(path), sha256: sha256.digest('hex') })
      await rm(path, { force: true })
    },
    async find(key) {
      const url = urlOf(key)
      const head = await send('HEAD', url)
      await head.body?.cancel()
      if (head.status === 404) return undefined
      await expectStatus(head, 200)
      const bytes = Number(head.headers.get('content-length') ?? Number.NaN)
      if (!Number.isSafeInteger(bytes)) throw new StorageUnavailable('an object without a length')
      return {
        bytes,
        read: (range) =>
          Readable.from(
            (async function* () {
              const answer = await send('GET', url, undefined, range && `bytes=${range.start}-${range.end}`)
              await expectStatus(answer, range ? 206 : 200)
              if (answer.body) yield* Readable.fromWeb(answer.body as ReadableStream<Uint8Array>)
            })(),
            { objectMode: false },
          ),
      }
    },
    async remove(key) {
      const answer = await send('DELETE', urlOf(key))
      await answer.body?.cancel()
      if (answer.status !== 404) await expectStatus(answer, 204, 200)
    },
    async *list(prefix) {
      let token: string | undefined
      do {
        const query = new URLSearchParams({
          'list-type': '2',
          prefix,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        })
        const answer = await send('GET', `${base}?${query}`)
        await expectStatus(answer, 200)
        const page = await textOf(answer)
        yield* entriesIn(page)
        token = /<IsTruncated>true<\/IsTruncated>/.test(page) ? textIn(page, 'NextContinuationToken') : undefined
      } while (token !== undefined)
    },
  }
}

/** Our keys are letters, digits and `/.-`, so that nothing in them is escaped; others are not ours. */
function* entriesIn(page: string): Iterable<ObjectEntry> {
  for (const [, contents = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    const key = textIn(contents, 'Key')
    const storedAt = new Date(textIn(contents, 'LastModified') ?? Number.NaN)
    if (key !== undefined && /^[\w./-]+$/.test(key) && !Number.isNaN(storedAt.getTime())) yield { key, storedAt }
  }
}

const textIn = (xml: string, name: string) =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.replaceAll('&quot;', '"').replaceAll('&amp;', '&')

async function textOf(answer: Response): Promise<string> {
  const bytes = await readBounded(answer.body, LIST_MAX_BYTES)
  if (!bytes) throw new StorageUnavailable('its answer is too long')
  return bytes.toString()
}

/** @throws StorageUnavailable with the status and the code of S3, never with what could be a secret. */
async function expectStatus(answer: Response, ...expected: readonly number[]): Promise<void> {
  if (expected.includes(answer.status)) return
  const code = answer.status === 206 ? undefined : textIn(await textOf(answer), 'Code')
  if (code === 'QuotaExceeded' || code === 'XMinioStorageFull') throw new StorageFull(code)
  throw new StorageUnavailable(`it answered ${answer.status}${code === undefined ? '' : ` ${code}`}`)
}

function unavailable(error: unknown): StorageUnavailable {
  if (error instanceof StorageUnavailable) return error
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined }
  return new StorageUnavailable(cause instanceof Error ? cause.message : message, { cause: error })
}
