import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BuiltServer } from '../src/server.ts'
import type { Device } from './story.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** The HTTP side of a story, for people who share files. */
export interface FileHttp extends AsyncDisposable {
  /** Any request; the host is that of the URL. */
  send(method: string, url: string, body?: Uint8Array, headers?: Record<string, string>): Promise<HttpAnswer>
  /** Asks for a slot and puts a file there (XEP-0363). `url` is where it is to be fetched. */
  upload(device: Device, name: string, body: Uint8Array | string, type?: string): Promise<HttpAnswer & { url: string }>
}

/** Serves the HTTP handlers of a story's server. */
export async function fileHttp({ handlers }: BuiltServer): Promise<FileHttp> {
  const http = createServer((req, res) => {
    const url = new URL(req.url ?? '/', `http://${req.headers.host}`)
    void (async () => {
      for (const handle of handlers) if (await handle(req, res, url)) return
      res.writeHead(404).end()
    })()
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const { port } = http.address() as AddressInfo
  const send: FileHttp['send'] = async (method, url, body, headers = {}) => {
    const { host, pathname, search } = new URL(url)
    const call = request({ port, method, path: pathname + search, headers: { host, ...headers }, agent: false })
    call.end(body)
    const [response] = await once(call, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') }
  }
  return {
    send,
    async upload(device, name, content, type) {
      const body = Buffer.from(content)
      const contentType = type === undefined ? '' : ` content-type="${type}"`
      const answer = await device.ask(
        'get',
        `<request xmlns="urn:xmpp:http:upload:0" filename="${name}" size="${body.length}"${contentType}/>`,
        'im.test',
      )
      const slot = answer.getChild('slot', 'urn:xmpp:http:upload:0')
      if (!slot) throw new Error(answer.toString())
      const put = slot.getChild('put')!
      const authorization = put.getChildText('header')!
      const url = slot.getChild('get')!.attrs['url']!
      const headers = { authorization, 'content-length': String(body.length) }
      return { url, ...(await send('PUT', put.attrs['url']!, body, headers)) }
    },
    async [Symbol.asyncDispose]() {
      http.close()
      http.closeAllConnections()
    },
  }
}
