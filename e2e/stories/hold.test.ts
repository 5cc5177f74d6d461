import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { crossHold } from '../support/hold-boundary.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'

const COUNT = 1_000

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  for (const name of ['alice', 'bob', 'carol', 'dave']) await stack.account(name)
})
afterAll(() => stack[Symbol.asyncDispose]())

const client = (name: string, more = {}) =>
  connectClient({ port: stack.c2sPort, name, password: `${name}-password`, ...more })
const bodyOf = (element: Element) => (element.name === 'message' ? element.getChildText('body') : undefined)

interface Suspended {
  readonly suspension: { readonly id: string }
  readonly effect: { readonly tookMs: number }
}

test('a thousand messages sent during a hold all arrive afterwards, in order, none twice', async () => {
  const alice = await client('alice', { management: 'resumable' })
  const bob = await client('bob')
  bob.send('<presence/>')
  await bob.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }))

  const { suspension } = await stack.cli<Suspended>(
    'suspension',
    'start',
    '--scope',
    'service',
    '--mode',
    'hold',
    '--reason',
    'drill',
  )
  for (let n = 1; n <= COUNT; n++) {
    alice.send(
      xml(
        'message',
        { to: 'bob@localhost', type: 'chat', id: `m${n}` },
        xml('body', {}, `held ${n}`),
        xml('origin-id', { xmlns: 'urn:xmpp:sid:0', id: `o${n}` }),
      ),
    )
  }
  alice.send('<r xmlns="urn:xmpp:sm:3"/>')
  await alice.next(() => alice.acked() >= COUNT)
  // Bob is asked something after the last one was accepted: whatever was delivered to him would have come before.
  await bob.ask('get', xml('ping', { xmlns: 'urn:xmpp:ping' }))
  expect(bob.received.filter((element) => bodyOf(element)?.startsWith('held '))).toEqual([])

  const ended = await stack.cli<{ released: number }>('suspension', 'end', suspension.id)
  expect(ended.released).toBe(COUNT)
  await bob.next((element) => bodyOf(element) === `held ${COUNT}`)
  const bodies = bob.received.flatMap((element) => bodyOf(element) ?? []).filter((body) => body.startsWith('held '))
  expect(bodies).toEqual(Array.from({ length: COUNT }, (_, index) => `held ${index + 1}`))
  await alice.end()
  await bob.end()
})

test('control §7.5 what is sent across a hold is delivered or held, in order, once, and nothing is both', async () => {
  const boundary = await crossHold(stack, 3_000)
  console.log(`across a hold: ${JSON.stringify(boundary)}`)
  expect(boundary).toMatchObject({ inBoth: 0, lost: 0, twice: 0, outOfOrder: 0, missing: 0 })
  expect(boundary.deliveredBefore + boundary.held).toBe(boundary.acknowledged)
  expect(boundary.held).toBeGreaterThan(0)
  expect(boundary.released).toBeGreaterThanOrEqual(boundary.held)
})

test('a cut closes every socket within a second, and the administrator can still act', async () => {
  const alice = await client('alice')
  const bob = await client('bob', { port: stack.c2sTlsPort, mode: 'direct' })

  const { suspension } = await stack.cli<Suspended>(
    'suspension',
    'start',
    '--scope',
    'service',
    '--mode',
    'cut',
    '--reason',
    'exploit',
  )
  const startedAt = performance.now()
  const closed = await Promise.all([alice.closed, bob.closed])
  const lateMs = Math.max(...closed.map(({ at }) => at - startedAt))
  console.log(`cut: the last socket closed ${Math.round(lateMs)} ms after the command had returned (negative: before)`)
  expect(lateMs).toBeLessThan(1_000)
  expect(closed.map(({ condition }) => condition)).toEqual(['system-shutdown', 'system-shutdown'])

  // From this machine, where break-glass accounts may come from, one gets as far as being told.
  const refused = await client('alice')
  expect((await refused.closed).condition).toBe('system-shutdown')
  // The first administrator is the first break-glass account: it is let in all the same.
  const admin = await connectClient({ port: stack.c2sPort, ...stack.admin })
  await admin.end()
  const status = await stack.cli<{ state: string }>('status')
  expect(status.state).toBe('suspended')
  expect(await (await fetch(`${stack.url}/status.json`)).json()).toMatchObject({
    state: 'suspended',
    suspensions: [{ scopes: ['service'], mode: 'cut', reason: 'exploit' }],
  })

  await stack.cli('suspension', 'end', suspension.id)
  const back = await client('alice')
  await back.end()
})
