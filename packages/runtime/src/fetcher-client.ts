import { request as httpRequest, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** What a page on the web says about itself: plain text, cut, and an image that may be asked for. */
export interface FetchedPage {
  /** After redirects. */
  readonly url: string
  readonly title?: string
  readonly description?: string
  readonly siteName?: string
  readonly image?: string
}

/** The process that fetches from the web. Both answer `undefined` where nothing may or can be had. */
export interface Fetcher {
  page(url: string, signal: AbortSignal): Promise<FetchedPage | undefined>
  /** Bytes as they came, to be given to the sanitizer and to nobody else. */
  media(url: string, signal: AbortSignal): Promise<Buffer | undefined>
}

const FIELDS = ['title', 'description', 'siteName', 'image'] as const

/** A client of the fetcher's Unix socket. Rejects when the fetcher is not there. */
export function createFetcher(socketPath: string): Fetcher {
  const get = async (path: string, url: string, signal: AbortSignal): Promise<Buffer | undefined> => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = httpRequest({ socketPath, path: `${path}?${new URLSearchParams({ url })}`, signal, agent: false })
      call.once('response', resolve)
      call.on('error', reject)
      call.end()
    })
    if (response.statusCode === 200) return buffer(response)
    response.resume()
    if (response.statusCode === 403 || response.statusCode === 502) return undefined
    throw new Error(`the fetcher answered ${response.statusCode}`)
  }
  return {
    media: (url, signal) => get('/media', url, signal),
    async page(url, signal) {
      const body = await get('/page', url, signal)
      if (body === undefined) return undefined
      const said = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>
      if (typeof said['url'] !== 'string') throw new Error('the fetcher was not understood')
      const texts = FIELDS.flatMap((field) => (typeof said[field] === 'string' ? [[field, said[field]] as const] : []))
      return { url: said['url'], ...Object.fromEntries(texts) }
    },
  }
}
