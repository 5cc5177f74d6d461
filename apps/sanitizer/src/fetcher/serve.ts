import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Log } from '@drawbridge/runtime'
import { readPage } from './page.ts'
import { FetchFailed, INTERNET, type Network, safeGet } from './safe-get.ts'
import { ForbiddenTarget, parseTarget } from './target.ts'

const MAX_PAGE_BYTES = 1024 * 1024
const MAX_MEDIA_BYTES = 25 * 1024 * 1024
/** Fetches at a time; more are answered with 503. */
const MAX_RUNNING = 16

/**
 * `GET /page?url=` answers with what a page says about itself as JSON, `GET /media?url=` with the bytes behind a URL, as
 * they are: whoever asks gives them to the sanitizer. 403: this may not be fetched; 502: there is nothing to be had.
 */
export function serveFetcher({ log, network = INTERNET }: { readonly log: Log; readonly network?: Network }): Server {
  let running = 0

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fetcher')
    const url = searchParams.get('url')
    if (request.method !== 'GET' || url === null) return void response.writeHead(400).end()
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('nobody waits for this any more')))
    if (pathname === '/page') return page(url, response, network, gone.signal)
    if (pathname === '/media') return media(url, response, network, gone.signal)
    response.writeHead(404).end()
  }

  const server = createServer((request, response) => {
    if (running >= MAX_RUNNING) return void response.writeHead(503).end()
    running += 1
    answer(request, response)
      .catch((error: unknown) => {
        if (response.destroyed) return
        const status = error instanceof ForbiddenTarget ? 403 : error instanceof FetchFailed ? 502 : 500
        log.debug('nothing was fetched', { status, why: error instanceof Error ? error.message : String(error) })
        response.writeHead(status).end()
      })
      .finally(() => (running -= 1))
  })
  server.requestTimeout = 5_000
  return server
}

async function page(text: string, response: ServerResponse, network: Network, signal: AbortSignal): Promise<void> {
  const options = { maxBytes: MAX_PAGE_BYTES, mayCut: true, accept: 'text/html,image/*;q=0.5', signal }
  const { url, type, body } = await safeGet(text, options, network)
  const { image, ...said } = /^image\//i.test(type) ? { image: url.href } : readPage(body, type)
  sendJson(response, { url: url.href, ...said, ...(image !== undefined && usable(image, url, network)) })
}

/** The second hop is checked like the first; a page that names what may not be fetched has no image. */
function usable(image: string, base: URL, { allowsPort }: Network): { image?: string } {
  try {
    return { image: parseTarget(image, base, allowsPort).href }
  } catch {
    return {}
  }
}

async function media(text: string, response: ServerResponse, network: Network, signal: AbortSignal): Promise<void> {
  const { body } = await safeGet(text, { maxBytes: MAX_MEDIA_BYTES, mayCut: false, accept: '*/*', signal }, network)
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length }).end(body)
}

function sendJson(response: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
}
