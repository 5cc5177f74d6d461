import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

const WAIT_MS = 5_000

/** What came, decrypted. */
export interface ReceivedPush {
  readonly text: string
  readonly headers: IncomingHttpHeaders
  /** Bytes of the encrypted body. */
  readonly length: number
}

/** A browser and the push service of its vendor, on this machine: it takes what it can decrypt, signed by us. */
export interface PushReceiver extends AsyncDisposable {
  readonly endpoint: string
  /** The payload that registers it (urn:drawbridge:push:1). */
  readonly register: string
  readonly received: readonly ReceivedPush[]
  /** What the push service answers from now on. */
  answer(status: number): void
  /** The nth push, from 1. */
  nth(n: number): Promise<ReceivedPush>
  /** The claims of a push's token, if its signature by this key is right (RFC 8292 §2). */
  claimsOf(push: ReceivedPush, publicKey: string): Readonly<Record<string, unknown>>
}

export async function startPushReceiver(): Promise<PushReceiver> {
  const browser = createECDH('prime256v1')
  browser.generateKeys()
  const auth = randomBytes(16)
  const received: ReceivedPush[] = []
  const waiting = new Set<() => void>()
  let status = 201
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      received.push({ text: decrypt(body), headers: req.headers, length: body.length })
      res.writeHead(status).end()
      for (const look of [...waiting]) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/device`

  /** RFC 8188 §2, RFC 8291 §3, from the receiver's side. */
  const decrypt = (body: Buffer): string => {
    const salt = body.subarray(0, 16)
    const sender = body.subarray(21, 21 + body[20]!)
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), sender])
    const ikm = Buffer.from(hkdfSync('sha256', browser.computeSecret(sender), auth, info, 32))
    const of = (name: string, length: number) => Buffer.from(hkdfSync('sha256', ikm, salt, `${name}\0`, length))
    const [key, nonce] = [of('Content-Encoding: aes128gcm', 16), of('Content-Encoding: nonce', 12)]
    const decipher = createDecipheriv('aes-128-gcm', key, nonce)
    decipher.setAuthTag(body.subarray(-16))
    const padded = Buffer.concat([decipher.update(body.subarray(86, -16)), decipher.final()])
    return padded.subarray(0, padded.lastIndexOf(2)).toString()
  }
  return {
    endpoint,
    register:
      `<register xmlns="urn:drawbridge:push:1"><endpoint>${endpoint}</endpoint>` +
      `<p256dh>${browser.getPublicKey('base64url')}</p256dh><auth>${auth.toString('base64url')}</auth></register>`,
    received,
    answer: (next) => void (status = next),
    nth: (n) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const push = received[n - 1]
          if (!push) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve(push)
        }
        const timer = setTimeout(
          () => reject(new Error(`push ${n} did not come; there are ${received.length}`)),
          WAIT_MS,
        )
        waiting.add(look)
        look()
      }),
    claimsOf({ headers }, publicKey) {
      const [, token = '', key = ''] = /^vapid t=([^,]+), k=(\S+)$/.exec(headers.authorization ?? '') ?? []
      if (key !== publicKey) throw new Error('another key')
      const [header = '', claims = '', signature = ''] = token.split('.')
      const point = Buffer.from(key, 'base64url')
      const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')]
      const jwk = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
      const of = { key: jwk, dsaEncoding: 'ieee-p1363' } as const
      if (!verify('sha256', Buffer.from(`${header}.${claims}`), of, Buffer.from(signature, 'base64url')))
        throw new Error('wrong signature')
      return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
