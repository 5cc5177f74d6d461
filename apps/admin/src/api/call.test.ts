import { expect, test } from 'vitest'
import { createCall } from './call.ts'
import { target } from './routes.ts'
import { hrefOf, routeOf } from '../ui/route.ts'

/** A server that answers everything the same. */
function answering(status: number, body: unknown, type = 'application/json') {
  const asked: { url: string; init: RequestInit }[] = []
  const fetching = ((url: string, init: RequestInit) => {
    asked.push({ url, init })
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'content-type': type } }))
  }) as typeof fetch
  return { asked, fetching }
}

test('a parameter stays in its place, whatever it is', () => {
  expect(target('removeClientRule', { id: '../x?y' })).toEqual({
    method: 'DELETE',
    url: '/api/v1/client-rules/..%2Fx%3Fy',
  })
  expect(() => target('removeClientRule', { id: '..' })).toThrow('usable')
  expect(() => target('removeClientRule', {})).toThrow('usable')
})

test('a problem is known by its code; a session that has ended is told before', async () => {
  let ended = 0
  const { fetching } = answering(401, { code: 'not-authorized', detail: 'x' }, 'application/problem+json')
  const call = createCall(() => void ended++, fetching)
  await expect(call('getStatus')).rejects.toMatchObject({ code: 'not-authorized', detail: 'x' })
  expect(ended).toBe(1)
})

test('a wrong password ends no session', async () => {
  let ended = 0
  const { fetching } = answering(401, { code: 'sign-in-failed' }, 'application/problem+json')
  await expect(createCall(() => void ended++, fetching)('getStatus')).rejects.toMatchObject({ code: 'sign-in-failed' })
  expect(ended).toBe(0)
})

test('what a proxy answers instead is not taken for an answer', async () => {
  const { fetching } = answering(502, 'bad gateway', 'text/html')
  await expect(createCall(() => {}, fetching)('getStatus')).rejects.toMatchObject({ code: 'unreachable' })
})

test('what is done carries its key', async () => {
  const { asked, fetching } = answering(201, {})
  await createCall(() => {}, fetching)('startPlaybook', { params: { name: 'worm' }, body: {}, key: 'k' })
  expect(asked[0]?.url).toBe('/api/v1/playbooks/worm/start')
  expect(asked[0]?.init.headers).toMatchObject({ 'idempotency-key': 'k', 'content-type': 'application/json' })
})

test('what is changed can be bound to what was seen of it', async () => {
  const asked: RequestInit[] = []
  const fetching = ((_url: string, init: RequestInit) => {
    asked.push(init)
    return Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json', etag: '"seen"' } }))
  }) as typeof fetch
  const call = createCall(() => {}, fetching)
  const tags: string[] = []
  await call('getClientRule', { params: { id: 'r' }, onTag: (tag) => tags.push(tag) })
  await call('removeClientRule', { params: { id: 'r' }, ifMatch: tags[0] ?? '' })
  expect(asked[1]?.headers).toMatchObject({ 'if-match': '"seen"' })
})

test('a link leads to the page that it is made of', () => {
  for (const path of ['/admin', '/admin/', '/admin/overview', '/admin/nonsense']) {
    expect(routeOf(path, '').page).toBe('overview')
  }
  const [path = '', search = ''] = hrefOf('clients', { view: 'rules', family: undefined }).split('?')
  expect(routeOf(path, search)).toMatchObject({ page: 'clients' })
  expect(routeOf(path, search).search.get('view')).toBe('rules')
})
