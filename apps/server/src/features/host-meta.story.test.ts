import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import { hostMeta } from './host-meta.ts'

/** What a browser gets from one of the two addresses. */
async function get(path: string) {
  await using s = await story({})
  const route = hostMeta.http!.find((candidate) => candidate.path === path)!
  let head: Record<string, unknown> = {}
  let body = ''
  const res = {
    writeHead: (status: number, headers: Record<string, unknown>) => (head = { status, ...headers }),
    end: (text: string) => (body = text),
  } as unknown as ServerResponse
  await route.handle({} as never, res, new URL(path, 'http://im.test'), s.server.ctx)
  return { head, body }
}

test('a client finds the WebSocket in XML, from any page (XEP-0156 §3.1)', async () => {
  const { head, body } = await get('/.well-known/host-meta')
  expect(head).toMatchObject({
    status: 200,
    'Content-Type': 'application/xrd+xml; charset=utf-8',
    'Access-Control-Allow-Origin': '*',
  })
  expect(body).toContain(
    '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">' +
      '<Link rel="urn:xmpp:alt-connections:websocket" href="ws://im.test/xmpp-websocket"/></XRD>',
  )
})

test('a client finds the WebSocket in JSON, from any page (XEP-0156 §3.2)', async () => {
  const { head, body } = await get('/.well-known/host-meta.json')
  expect(head).toMatchObject({ 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' })
  expect(JSON.parse(body)).toEqual({
    links: [{ rel: 'urn:xmpp:alt-connections:websocket', href: 'ws://im.test/xmpp-websocket' }],
  })
})
