import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createFetcher, isReadyMessage, silentLog } from '@drawbridge/runtime'
import { ordinaryPng } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { serveFetcher } from '../src/fetcher/serve.ts'
import { get, temporarySocket } from './process.ts'

const MAIN = fileURLToPath(new URL('../src/fetcher/main.ts', import.meta.url))
const soon = () => AbortSignal.timeout(5_000)

test('UP-13 the process itself reaches nothing of this machine, and what it gives is nothing', async () => {
  await using place = await temporarySocket()
  const child = spawn(process.execPath, [MAIN], {
    env: { DRAWBRIDGE_FETCHER_SOCKET: place.socket },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const [message] = await once(child, 'message')
  expect(isReadyMessage(message)).toBe(true)
  const secret = createServer((_req, res) => res.end('secret'))
  await once(secret.listen(0, '127.0.0.1'), 'listening')
  const { port } = secret.address() as AddressInfo
  const fetcher = createFetcher(place.socket)
  for (const url of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, 'file:///etc/passwd', 'http://[::1]/']) {
    expect(await fetcher.page(url, soon())).toBeUndefined()
    expect(await fetcher.media(url, soon())).toBeUndefined()
  }
  child.kill('SIGTERM')
  await exited
  secret.close()
  expect(child.exitCode).toBe(0)
})

async function web(answer: RequestListener) {
  const place = await temporarySocket()
  const site = createServer(answer)
  await once(site.listen(0, '127.0.0.1'), 'listening')
  const { port } = site.address() as AddressInfo
  const server = serveFetcher({
    log: silentLog,
    network: {
      resolve: async (hostname) => (hostname === 'inside.com' ? ['10.0.0.1'] : ['127.0.0.1']),
      isAllowedAddress: (address) => address === '127.0.0.1',
      allowsPort: (wanted) => wanted === String(port),
    },
  })
  await once(server.listen(place.socket), 'listening')
  return {
    socket: place.socket,
    fetcher: createFetcher(place.socket),
    at: (path: string) => `http://site.com:${port}${path}`,
    async [Symbol.asyncDispose]() {
      for (const each of [site, server]) {
        each.closeAllConnections()
        each.close()
      }
      await place[Symbol.asyncDispose]()
    },
  }
}

test('a page is read and its image can be asked for', async () => {
  await using w = await web((req, res) => {
    if (req.url === '/pic.png') res.writeHead(200, { 'content-type': 'image/png' }).end(ordinaryPng())
    else {
      res.setHeader('content-type', 'text/html')
      res.end('<title>Hello</title><meta property="og:image" content="/pic.png">')
    }
  })
  const page = await w.fetcher.page(w.at('/'), soon())
  expect(page).toEqual({ url: w.at('/'), title: 'Hello', image: w.at('/pic.png') })
  expect((await w.fetcher.media(page!.image!, soon()))?.equals(ordinaryPng())).toBe(true)
  expect(await w.fetcher.page(w.at('/pic.png'), soon())).toEqual({ url: w.at('/pic.png'), image: w.at('/pic.png') })
})

test('UP-13 the image of a page is a hop like any other', async () => {
  const images = ['http://127.0.0.1/x', 'file:///etc/passwd', 'http://a:b@site.com/', 'http://169.254.169.254/latest']
  await using w = await web((req, res) => {
    res.setHeader('content-type', 'text/html')
    res.end(`<meta property="og:image" content="${images[Number(req.url!.slice(1))] ?? 'http://inside.com/x'}">`)
  })
  for (let n = 0; n < images.length; n++) {
    expect((await w.fetcher.page(w.at(`/${n}`), soon()))?.image, images[n]).toBeUndefined()
  }
  // A name is resolved when it is asked for.
  const { image } = (await w.fetcher.page(w.at('/9'), soon()))!
  expect(await w.fetcher.media(image!, soon())).toBeUndefined()
})

test('what is no question is none', async () => {
  await using w = await web((_req, res) => res.end())
  expect((await get(w.socket, '/page')).status).toBe(400)
  expect((await get(w.socket, '/else?url=x')).status).toBe(404)
  expect((await get(w.socket, '/page?url=x', { method: 'POST' })).status).toBe(400)
})
