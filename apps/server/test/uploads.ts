import { cleanImage } from '@drawbridge/testkit/images'
import type { SanitizeVerdict } from '@drawbridge/contract'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Area } from '../src/blobs/blobs.ts'
import type { HttpHandler } from '../src/transport/http.ts'
import { story } from './story.ts'
import type { Device, StoryOptions } from './story.ts'

/** What every image of these stories becomes. */
export const CLEAN = Buffer.from('made by our encoder from pixels')
const isImage = (bytes: Uint8Array) => Buffer.from(bytes).subarray(1, 4).toString() === 'PNG'

/** Says what the sanitizer would: what begins like a PNG becomes a clean one, unless it says that it is broken. */
export function sanitize(bytes: Uint8Array): SanitizeVerdict {
  if (!isImage(bytes)) return { outcome: 'not-an-image' }
  if (Buffer.from(bytes).includes('broken')) return { outcome: 'refused', reason: 'corrupt', inputFormat: 'png' }
  return cleanImage({ widthPx: 20, heightPx: 10, bytes: CLEAN })
}

/** Alice at a server that does jobs, and its HTTP side over real sockets. */
export async function uploads(options: StoryOptions = {}) {
  const s = await story({ alice: 1 }, { sanitize, doesJobs: true, ...options })
  const http = createServer((req, res) => void answer(s.server.handlers, req, res))
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const { port } = http.address() as AddressInfo
  const { spool, quarantine, clean } = s.server.ctx.blobs
  const namesIn = async (area: Area) => (await Array.fromAsync(area.list())).map(({ name }) => name)
  return {
    alice: s.alice,
    server: s.server,
    connect: s.connect,
    port,
    ctx: s.server.ctx,
    operations: s.server.policy.operations,
    fetch: (method: string, url: string, body?: Buffer, headers = {}) => send(port, method, url, body, headers),
    files: async () => ({
      quarantine: [...(await spool.list()), ...(await namesIn(quarantine))],
      clean: await namesIn(clean),
    }),
    async [Symbol.asyncDispose]() {
      http.close()
      http.closeAllConnections()
      await s[Symbol.asyncDispose]()
    },
  }
}

async function answer(handlers: readonly HttpHandler[], req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url!, 'http://im.test')
  for (const handle of handlers) if (await handle(req, res, url)) return
  res.writeHead(404).end()
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends one request on a connection of its own. */
function send(port: number, method: string, url: string, body?: Buffer, headers = {}): Promise<Answer> {
  const { pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const req = request({ port, method, path: pathname + search, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', () =>
        resolve({ status: res.statusCode!, headers: res.headers, body: String(Buffer.concat(chunks)) }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })
}

export const slotRequest = (name: string, size: number | string, type = '') =>
  `<request xmlns="urn:xmpp:http:upload:0" filename="${name}" size="${size}"${type && ` content-type="${type}"`}/>`

/** Asks for a slot, as XEP-0363 §4 has it. */
export async function slotFor(device: Device, name: string, body: Buffer, type?: string) {
  const answer = await device.ask('get', slotRequest(name, body.length, type), 'im.test')
  const slot = answer.getChild('slot', 'urn:xmpp:http:upload:0')
  if (!slot) throw new Error(answer.toString())
  const put = slot.getChild('put')!
  const authorization = put.getChildText('header')!
  return { url: put.attrs['url']!, getUrl: slot.getChild('get')!.attrs['url']!, headers: { authorization } }
}

/** What begins like a PNG. */
export const png = (text = '') => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(text)])
