import { expect, test, vi } from 'vitest'
import type { Context, Feature } from './feature.ts'
import { buildRegistry } from './registry.ts'

const presence: Feature = { name: 'presence', implements: [], presence: () => undefined }
const handle = () => undefined
const iq = (name: string, to: 'server' | 'own' | 'account'): Feature => ({
  name,
  implements: [],
  iq: [{ type: 'get', to, xmlns: 'urn:x', name: 'query', handle }],
})

test('the stages run in the order of the list, each stage for itself', () => {
  const ran: string[] = []
  const feature = (name: string): Feature => ({
    name,
    implements: [],
    message: { deliver: () => ran.push(`${name}.deliver`), amend: () => ran.push(`${name}.amend`) },
  })
  const registry = buildRegistry([feature('a'), presence, feature('b')])
  expect(registry.beforeCommit.map((stage) => stage.feature)).toEqual(['a.amend', 'b.amend', 'service'])
  expect(registry.afterCommit.map((stage) => stage.feature)).toEqual(['a.deliver', 'b.deliver'])
})

test.each<[string, readonly Feature[], RegExp]>([
  ['one request', [presence, iq('a', 'server'), iq('b', 'server')], /features a and b both claim get server/],
  [
    'an own request and one of everybody’s accounts',
    [presence, iq('a', 'account'), iq('b', 'own')],
    /both claim get account/,
  ],
  ['presence', [presence, { ...presence, name: 'other' }], /both claim presence/],
  ['one name', [presence, presence], /both claim feature presence/],
  [
    'one path',
    [
      presence,
      ...['a', 'b'].map((name): Feature => ({ name, implements: [], http: [{ method: 'GET', path: '/x', handle }] })),
    ],
    /both claim GET \/x/,
  ],
])('two features that claim %s stop the start', (_what, features, message) => {
  expect(() => buildRegistry(features)).toThrow(message)
})

test('without a feature for presence there is no server', () => {
  expect(() => buildRegistry([])).toThrow('no feature handles presence')
})

test('a request for everybody’s accounts is answered for one’s own, too; one for one’s own by nobody else', () => {
  const everybody = buildRegistry([presence, iq('a', 'account')])
  expect(everybody.findIq('get', 'own', 'urn:x', 'query')).toBeDefined()
  expect(everybody.findIq('get', 'account', 'urn:x', 'query')).toBeDefined()
  const own = buildRegistry([presence, iq('a', 'own')])
  expect(own.findIq('get', 'own', 'urn:x', 'query')).toBeDefined()
  expect(own.findIq('get', 'account', 'urn:x', 'query')).toBeUndefined()
  expect(own.findIq('get', 'server', 'urn:x', 'query')).toBeUndefined()
})

test('XS-06 a name that contains the separator is no other request', () => {
  const registry = buildRegistry([presence, iq('a', 'server')])
  expect(registry.findIq('get', 'server', 'urn:x}query', '')).toBeUndefined()
  expect(registry.findIq('set', 'server', 'urn:x', 'query')).toBeUndefined()
  expect(registry.findIq('get', 'server', 'urn:x', 'constructor')).toBeUndefined()
})

test('what is advertised is named once, in order', () => {
  const registry = buildRegistry([
    presence,
    { name: 'b', implements: [], disco: ['z', 'a'] },
    { name: 'c', implements: [], disco: ['a'] },
  ])
  expect(registry.disco).toEqual(['a', 'z'])
})

test('a listener that fails is logged and keeps nobody from hearing', async () => {
  const heard = vi.fn<(payload: { readonly localpart: string }) => void>()
  const failing: Feature = {
    name: 'failing',
    implements: [],
    on: {
      'account.deleted': () => {
        throw new Error('no')
      },
    },
  }
  const listening: Feature = { name: 'listening', implements: [], on: { 'account.deleted': heard } }
  const error = vi.fn<Context['log']['error']>()
  buildRegistry([presence, failing, listening]).emit('account.deleted', { localpart: 'bob' }, {
    log: { error },
  } as unknown as Context)
  await vi.waitFor(() =>
    expect(error).toHaveBeenCalledWith('a listener failed', expect.objectContaining({ feature: 'failing' })),
  )
  expect(heard).toHaveBeenCalledWith({ localpart: 'bob' }, expect.anything())
})
