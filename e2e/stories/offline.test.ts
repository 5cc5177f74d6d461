import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { stallingWay, startCluster } from '../support/nodes.ts'
import type { Cluster, ServerNode, StallingWay } from '../support/nodes.ts'
import { connectClient } from '../support/xmpp-client.ts'

let cluster: Cluster
let way: StallingWay
let node: ServerNode
beforeAll(async () => {
  cluster = await startCluster()
  way = await stallingWay(cluster.databaseUrl)
  node = await cluster.node('node', way.databaseUrl)
  await node.cli('account', 'add', 'admin', '--admin')
  await node.account('alice')
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await way[Symbol.asyncDispose]()
})

const WAIT = { timeout: 20_000, interval: 100 }
const alice = () => connectClient({ port: node.c2sPort, name: 'alice', password: 'alice-password' })
const audit = async () =>
  (await node.cli<{ actor: string; action: string; target: string }[]>('audit', 'list')).map(
    ({ actor, action, target }) => `${actor} ${action} ${target}`,
  )
interface Started {
  readonly suspension: { readonly id: string }
  readonly effect: { readonly disconnected: number }
}

test('control §7.12 without the database a command on the local socket cuts the node off at once, and it is written down later', async () => {
  const live = await alice()
  way.stall()
  const { suspension, effect } = await node.cli<Started>(
    ...['suspension', 'start', '--scope', 'service', '--mode', 'cut', '--reason', 'exploit'],
  )
  expect(effect).toMatchObject({ disconnected: 1 })
  expect((await live.closed).condition).toBe('system-shutdown')
  expect(await (await fetch(`${node.url}/status.json`)).json()).toMatchObject({ outage: true, state: 'suspended' })

  way.release()
  await vi.waitFor(async () => expect(await audit()).toContain(`local:cli start-suspension ${suspension.id}`), WAIT)
  await node.cli('suspension', 'end', suspension.id)
  await (await alice()).end()
})

test('control §7.12 a printed token in a file cuts the node off without the database, once, and another ends that', async () => {
  const token = async (scope: string) =>
    (await node.cli<{ token: string }>('token', 'offline', 'create', '--scope', scope)).token
  const [cut, end] = [await token('cut'), await token('end')]
  const live = await alice()
  way.stall()
  const file = join(node.dataDir, 'commands', 'cut.txt')
  await writeFile(file, `${cut}\n`)
  expect((await live.closed).condition).toBe('system-shutdown')
  await vi.waitFor(() => expect(existsSync(`${file}.done`)).toBe(true), WAIT)
  await expect(node.cli('offline', 'apply', cut)).rejects.toThrow(/used before/u)
  await node.cli('offline', 'apply', end)
  way.release()
  // It began and ended before the database heard of it: both are on record, and nobody is cut off again.
  const ordered = async () =>
    (await audit()).flatMap((line) => (/^local:\w+ (?:start|end)-/u.test(line) ? [line.split(' ')[1]] : []))
  await vi.waitFor(
    async () => expect(await ordered()).toEqual(expect.arrayContaining(['start-suspension', 'end-suspension'])),
    WAIT,
  )
  await (await alice()).end()
  expect(await node.cli('audit', 'verify')).toMatchObject({ isIntact: true })
})
