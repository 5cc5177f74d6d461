import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

const BUCKET = 'drawbridge'
const REGION = 'eu-central-1'
const KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
/** Keys on one page of a list: few, so that every list has several. */
const PAGE = 3

/**
 * What the S3 API reference says about the five requests that are used, over a real socket: path style, Signature Version
 * 4 checked by code of its own, payload hashes checked, ranges, pages of lists, errors as XML.
 */
export interface S3Server extends AsyncDisposable {
  readonly settings: {
    readonly s3Endpoint: string
    readonly s3Region: string
    readonly s3Bucket: string
    readonly s3KeyFile: string
  }
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** What is in the bucket, by key. */
  readonly objects: Map<string, { readonly bytes: Buffer; storedAt: Date }>
  /** Answers every request with this status from now on, or as usual again. */
  breakDown(status: number | undefined): void
}

export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 's3-'))
  const s3KeyFile = join(directory, 'keys')
  await writeFile(s3KeyFile, `${KEY_ID}\n${SECRET}\n`)
  const objects: S3Server['objects'] = new Map()
  let broken: number | undefined
  const server = createServer((req, res) => {
    void (async () => {
      const body = await buffer(req)
      if (broken !== undefined) return void res.writeHead(broken).end()
      answer(req, res, body, objects)
    })()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    settings: { s3Endpoint: `http://127.0.0.1:${port}`, s3Region: REGION, s3Bucket: BUCKET, s3KeyFile },
    keys: { accessKeyId: KEY_ID, secretAccessKey: SECRET },
    objects,
    breakDown: (status) => (broken = status),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function answer(req: IncomingMessage, res: ServerResponse, body: Buffer, objects: S3Server['objects']): void {
  const url = new URL(req.url!, 'http://s3')
  const fail = (status: number, code: string) =>
    res.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)
  if (createHash('sha256').update(body).digest('hex') !== req.headers['x-amz-content-sha256']) {
    return void fail(400, 'XAmzContentSHA256Mismatch')
  }
  if (!isSigned(req, url)) return void fail(403, 'SignatureDoesNotMatch')
  const [, bucket, ...rest] = decodeURIComponent(url.pathname).split('/')
  if (bucket !== BUCKET) return void fail(404, 'NoSuchBucket')
  const key = rest.join('/')
  if (req.method === 'PUT') {
    objects.set(key, { bytes: body, storedAt: new Date() })
    return void res.writeHead(200, { etag: '"x"' }).end()
  }
  if (req.method === 'DELETE') {
    objects.delete(key)
    return void res.writeHead(204).end()
  }
  if (key === '' && url.searchParams.get('list-type') === '2') {
    return void res.writeHead(200, { 'content-type': 'application/xml' }).end(listOf(url, objects))
  }
  const found = objects.get(key)
  if (!found) return void fail(404, 'NoSuchKey')
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? []
  if (start === undefined) res.writeHead(200, { 'content-length': found.bytes.length })
  const part = start === undefined ? found.bytes : found.bytes.subarray(Number(start), Number(end) + 1)
  if (start !== undefined) {
    if (part.length === 0) return void fail(416, 'InvalidRange')
    res.writeHead(206, { 'content-length': part.length })
  }
  res.end(req.method === 'HEAD' ? undefined : part)
}

/** ListObjectsV2, in the order of keys as AWS has it, with an opaque token that needs escaping. */
function listOf(url: URL, objects: S3Server['objects']): string {
  const prefix = url.searchParams.get('prefix') ?? ''
  const token = url.searchParams.get('continuation-token')
  const after = token === null ? '' : Buffer.from(token.slice('&"'.length), 'base64').toString()
  const all = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted()
  const page = all.slice(0, PAGE)
  const isTruncated = all.length > PAGE
  const next = `&amp;&quot;${Buffer.from(page.at(-1) ?? '').toString('base64')}`
  const contents = page.map((key) => {
    const { bytes, storedAt } = objects.get(key)!
    return (
      `<Contents><Key>${key}</Key><LastModified>${storedAt.toISOString()}</LastModified>` +
      `<ETag>&quot;x&quot;</ETag><Size>${bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`
    )
  })
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
    `<Name>${BUCKET}</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${PAGE}</MaxKeys>` +
    `<IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : ''}` +
    `${contents.join('')}</ListBucketResult>`
  )
}

/** Signature Version 4 as "Authenticating Requests: Using the Authorization Header" of the S3 API reference has it. */
function isSigned({ method, headers }: IncomingMessage, url: URL): boolean {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (!match) return false
  const [, keyId, date = '', region = '', signedHeaders = '', signature] = match
  const names = signedHeaders.split(';')
  if (keyId !== KEY_ID || region !== REGION || !names.includes('host') || !names.includes('x-amz-content-sha256')) {
    return false
  }
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
  const path = decodeURIComponent(url.pathname).split('/').map(encode).join('/')
  const lines = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('')
  const request = [method, path, query, lines, signedHeaders, headers['x-amz-content-sha256']].join('\n')
  const scope = `${date}/${region}/s3/aws4_request`
  const hash = createHash('sha256').update(request).digest('hex')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash].join('\n')
  const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()
  const key = [date, region, 's3', 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${SECRET}`)
  return hmac(key, toSign).toString('hex') === signature
}
