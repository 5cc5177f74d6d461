import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stallingWay, startCluster } from '../support/nodes.ts'
import type { Cluster, ServerNode, StallingWay } from '../support/nodes.ts'
import { connectClient } from '../support/xmpp-client.ts'

/** Fixed (control §4.5): no node acts by older rules for longer. */
const BOUND_MS = 5_000
const CHANGES = 100

/** Promised of 99 in 100 (control §4.5). */
const TARGET_MS = 1_000

interface NodeEffect {
  readonly name: string
  readonly state: 'applied' | 'pending' | 'joined' | 'failed-closed' | 'stopped'
  readonly appliedAt?: string
  readonly appliedMs?: number
  readonly lapsedAt?: string
  readonly failedClosedAt?: string
}
interface Shown {
  readonly suspension: { readonly epoch: number }
  readonly appliedBy: readonly NodeEffect[]
}
interface Change {
  readonly suspension: { readonly id: string }
  readonly effect: { readonly epoch: number; readonly nodes: readonly NodeEffect[] }
}

let cluster: Cluster
let way: StallingWay
let here: ServerNode
let there: ServerNode
beforeAll(async () => {
  cluster = await startCluster()
  way = await stallingWay(cluster.databaseUrl)
  here = await cluster.node('here')
  await here.cli('account', 'add', 'admin', '--admin')
  for (const name of ['alice', 'bob']) await here.account(name)
  // Half the bound: that the other node cannot act any more is waited for twice.
  there = await cluster.node('there', way.databaseUrl, { DRAWBRIDGE_LEASE_TTL_MS: '2500' })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await way[Symbol.asyncDispose]()
})

/** By a request, not a command: on a busy machine a process takes longer to begin than a lease lasts. */
const change = (node: ServerNode, mode: string) =>
  node.admin<Change>('POST', '/api/v1/suspensions', { scopes: ['service'], mode, reason: 'drill' })
const bodyOf = (element: Element) => (element.name === 'message' ? element.getChildText('body') : undefined)
const on = (node: ServerNode, name: string) =>
  connectClient({ port: node.c2sPort, name, password: `${name}-password`, management: 'resumable' })
const ping = xml('ping', { xmlns: 'urn:xmpp:ping' })

test('a change made on one node acts on the other within its bound, and everybody can read when', async () => {
  const bob = await on(there, 'bob')
  const cut = await change(here, 'cut')
  expect((await bob.closed).condition).toBe('system-shutdown')
  const shown = await there.cli<Shown>('suspension', 'show', cut.suspension.id)
  expect(shown.suspension.epoch).toBe(cut.effect.epoch)
  expect(shown.appliedBy.map(({ name, state }) => [name, state])).toEqual([
    ['here', 'applied'],
    ['there', 'applied'],
  ])
  await here.cli('suspension', 'end', cut.suspension.id)

  // Both ways of a change, and one request for each: what takes long here is Node starting for each command.
  const times: number[] = []
  for (let n = 0; n < CHANGES / 2; n++) {
    const { suspension, effect } = await here.admin<Change>('POST', '/api/v1/suspensions', {
      scopes: ['images'],
      mode: 'read-only',
      reason: 'drill',
    })
    const ended = await here.admin<Change>('POST', `/api/v1/suspensions/${suspension.id}/end`)
    for (const { nodes } of [effect, ended.effect]) {
      times.push(nodes.find(({ name }) => name === 'there')?.appliedMs ?? Number.POSITIVE_INFINITY)
    }
  }
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))]!
  console.log(
    `${times.length} changes, commit to effect on the other node: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms (target: ${TARGET_MS}), worst ${times.at(-1)} ms`,
  )
  expect(times.at(-1)).toBeLessThan(BOUND_MS)

  // Each of them is on record, with the node and the time.
  const epochs = await here.cli<readonly { readonly appliedBy: readonly NodeEffect[] }[]>('policy', 'epochs', '--all')
  expect(epochs.length).toBeGreaterThanOrEqual(CHANGES + 2)
  for (const { appliedBy } of epochs) {
    expect(appliedBy.map(({ name, state }) => [name, state])).toEqual([
      ['here', 'applied'],
      ['there', 'applied'],
    ])
  }
})

test('a node that starts during a suspension says that it began with it', async () => {
  const { suspension } = await change(here, 'read-only')
  const late = await cluster.node('late')
  const { appliedBy } = await late.cli<Shown>('suspension', 'show', suspension.id)
  expect(appliedBy.map(({ name, state }) => [name, state])).toEqual([
    ['here', 'applied'],
    ['late', 'joined'],
    ['there', 'applied'],
  ])
  await late.stop()
  // The way back is applied by those that are left, and nobody waits for the one that has stopped.
  await here.cli('suspension', 'end', suspension.id)
  const ended = await here.cli<Shown>('suspension', 'show', suspension.id)
  expect(ended.appliedBy.map(({ name }) => name)).toEqual(['here', 'there'])
})

test('control §7.4 a node cut off from the database sends nothing more once its lease is over', async () => {
  const [alice, bob] = [await on(there, 'alice'), await on(there, 'bob')]
  bob.send('<presence/>')
  await bob.ask('get', ping)
  way.stall()
  const changed = await change(here, 'read-only')
  // The command answers when the other node cannot act any more.
  expect(changed.effect.nodes).toMatchObject([
    { name: 'here', state: 'applied' },
    { name: 'there', state: 'failed-closed' },
  ])
  const shown = () => here.admin<Shown>('GET', `/api/v1/suspensions/${changed.suspension.id}`)
  const cutOff = (await shown()).appliedBy.find(({ name }) => name === 'there')
  expect(cutOff).toMatchObject({ state: 'failed-closed', failedClosedAt: expect.any(String) as string })
  alice.send(xml('message', { to: 'bob@localhost', type: 'chat', id: 'late' }, xml('body', {}, 'late')))
  const refusal = await alice.next(({ attrs }) => attrs['id'] === 'late')
  expect(refusal.attrs['type']).toBe('error')
  expect(refusal.getChild('error')?.attrs['type']).toBe('wait')
  way.release()
  // Back, it applies what it missed, and lets nothing through that was decided before.
  await here.cli('suspension', 'end', changed.suspension.id)
  await bob.ask('get', ping)
  expect(bob.received.map(bodyOf)).not.toContain('late')
  await Promise.all([alice.end(), bob.end()])
})

test('control §7.4 a paused node that wakes delivers nothing that was let in before', async () => {
  const [alice, bob] = [await on(there, 'alice'), await on(there, 'bob')]
  bob.send('<presence/>')
  await bob.ask('get', ping)
  // It is let in and on its way to the disk (the server counts what it has, and has nothing durable), and the process
  // stops before it can be delivered.
  way.stall()
  alice.send(xml('message', { to: 'bob@localhost', type: 'chat', id: 'm1' }, xml('body', {}, 'from before')))
  alice.send('<r xmlns="urn:xmpp:sm:3"/>')
  await alice.next(({ name }) => name === 'a')
  there.pause()
  way.release()
  const pausedAt = performance.now()
  const changed = await change(here, 'cut')
  console.log(`a paused node was waited for ${Math.round(performance.now() - pausedAt)} ms`)
  expect(changed.effect.nodes).toContainEqual(expect.objectContaining({ name: 'there', state: 'failed-closed' }))
  there.wake()
  const [a, b] = await Promise.all([alice.closed, bob.closed])
  // Either the stream ends with the reason, or it breaks because something late was in it. Nothing late gets through.
  for (const { condition } of [a, b]) expect(['system-shutdown', undefined]).toContain(condition)
  expect(bob.received.map(bodyOf)).not.toContain('from before')
  await here.cli('suspension', 'end', changed.suspension.id)
})
