import { silentLog } from '@drawbridge/runtime'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startFeedMirror } from './feed-mirror.ts'

/** A mirror, and what the feed that looks at it imports; `said` resolves with the first warning or import. */
async function mirror(answer: RequestListener) {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`
  const imported: (readonly [actor: string, text: string, isSignedOnly: boolean | undefined])[] = []
  const said = Promise.withResolvers<string>()
  const feed = startFeedMirror({
    advisories: {
      async import(actor, _, text, isSignedOnly) {
        imported.push([actor, text, isSignedOnly])
        return { isSigned: true, files: [], proposals: 0, leftOut: 0 }
      },
      review: async () => 0,
    },
    url,
    intervalMs: 3_600_000,
    log: {
      ...silentLog,
      info: () => said.resolve('imported'),
      warn: (_, fields) => said.resolve(String(fields?.['error'])),
    },
  })
  return {
    imported,
    said: said.promise,
    async [Symbol.asyncDispose]() {
      await feed[Symbol.asyncDispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

test('the mirror is asked at once, and what it gives is taken only when it is signed', async () => {
  await using feed = await mirror((_, res) => res.end('{"payloadType":"…"}'))
  expect(await feed.said).toBe('imported')
  expect(feed.imported).toEqual([['local:feed-mirror', '{"payloadType":"…"}', true]])
})

test('a mirror that fails, or sends on to another place, is logged and imports nothing', async () => {
  await using failing = await mirror((_, res) => res.writeHead(500).end())
  expect(await failing.said).toContain('500')
  await using moving = await mirror((_, res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end())
  expect(await moving.said).toContain('fetch failed')
  expect([...failing.imported, ...moving.imported]).toEqual([])
})
