import { silentLog } from '@drawbridge/runtime'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJid } from '@drawbridge/xmpp'
import { traffic as trafficFeature } from '../../apps/server/src/features/traffic.ts'
import { createAccounts } from '../../apps/server/src/routing/accounts.ts'
import type { Context, Draft } from '../../apps/server/src/routing/feature.ts'
import { createUnits } from '../../apps/server/src/routing/units.ts'
import { startTraffic } from '../../apps/server/src/traffic.ts'
import { migrate, openDatabase, startEmbeddedPostgres } from '@drawbridge/db'
import { buildGenerator } from './generator.ts'
import { startDrawbridge } from './servers.ts'
import type { LoadedServer } from './servers.ts'

/**
 * What it costs to count who sends how much (control §2, row 4): `traffic.ts [ROUNDS]`. The same load on two servers, one
 * of which counts, in turns (on, off, off, on), so that whatever else the machine does is in both; what is compared is CPU
 * time per message and not its rate. Beside it, the counting alone, with the writing of what was counted.
 */
const ROUNDS = Number(process.argv[2] ?? 8)
const USERS = 200
const SECONDS = '4'
const WARM_UP = '1'
const COUNTED = 2_000_000

const print = (line: string) => void process.stdout.write(`${line}\n`)
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const alone = await countAlone()
print(
  `counting alone: ${alone.inMemory.toFixed(3)} µs of CPU per message for service, account, two units and a room; ` +
    `${alone.withWriting.toFixed(3)} µs with the writing of ${USERS} accounts' counts; ` +
    `${alone.millionMb.toFixed(0)} MB for a million subjects`,
)

const directory = await mkdtemp(join(tmpdir(), 'drawbridge-traffic-'))
const generator = buildGenerator(directory)
if (!generator) {
  print('The load is left out: the source of the load generator is not here (DRAWBRIDGE_LOAD_GENERATOR names it).')
} else {
  await using on = await startDrawbridge({ DRAWBRIDGE_TRAFFIC_ACCOUNTING: 'true' })
  await using off = await startDrawbridge({ DRAWBRIDGE_TRAFFIC_ACCOUNTING: 'false' })
  await Promise.all([on, off].map((server) => server.accounts(USERS)))
  const micros = async (server: LoadedServer) => {
    const args = ['-m', 'chat', '-w', '8', '-s', SECONDS, '-k', WARM_UP, '-c', '4', '-u', 'u', '-n', String(USERS)]
    const line = await generator.run([...args, '-p', String(server.port), '-x', String(server.pids[0])])
    return Number(/= ([\d.]+) us\/delivery/u.exec(line)?.[1] ?? Number.NaN)
  }
  // What is compiled on the way is nobody's share.
  for (const server of [on, off]) await micros(server)
  const taken = { on: [] as number[], off: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const which of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
      taken[which].push(await micros(which === 'on' ? on : off))
    }
  }
  print(
    `CPU of the server per archived message, µs, ${ROUNDS} rounds: on ${taken.on.join(' ')}; off ${taken.off.join(' ')}`,
  )
  const [counted, plain] = [median(taken.on), median(taken.off)]
  const ratios = taken.on.map((micro, round) => micro / (taken.off[round] ?? Number.NaN))
  print(
    `medians: on ${counted.toFixed(1)} µs, off ${plain.toFixed(1)} µs; of the ratios of the rounds ${median(ratios).toFixed(3)}`,
  )
  print(`counting alone is ${((alone.withWriting / plain) * 100).toFixed(2)} % of a message`)
}
await rm(directory, { recursive: true, force: true })

interface Alone {
  /** CPU microseconds per message of what a server does to count it, without all the rest. */
  readonly inMemory: number
  readonly withWriting: number
  /** Memory of what is counted of a million of domains, in MiB. */
  readonly millionMb: number
}

async function countAlone(): Promise<Alone> {
  const home = await mkdtemp(join(tmpdir(), 'drawbridge-traffic-'))
  const postgres = await startEmbeddedPostgres({ directory: join(home, 'postgres') })
  await migrate(postgres.url, join(import.meta.dirname, '../../migrations'))
  const { db, close } = openDatabase(postgres.url)
  const traffic = startTraffic({ db, log: silentLog, now: () => new Date() })
  const at = new Date()
  // Everybody is in two units, and every message goes to a room.
  const flags = { isAdmin: false, isBreakGlass: false, isDisabled: false }
  const accounts = createAccounts(
    'im.test',
    Array.from({ length: USERS }, (_, n) => ({ id: `${n}`.padStart(32, '0'), localpart: `u${n}`, ...flags })),
  )
  const settings = { displayName: '', roster: 'nobody', directory: 'everybody' } as const
  const members = new Set(Array.from(accounts.all(), ({ bareJid }) => bareJid))
  const units = createUnits(
    accounts,
    ['sales', 'berlin'].map((name) => ({ id: name, name, members, ...settings })),
  )
  const domain = 'im.test'
  const hall = { isMember: () => true, idOf: () => 'hall' }
  const findService = (domainpart: string) => (domainpart === 'rooms.im.test' ? hall : undefined)
  const ctx = { domain, units, traffic, findService } as unknown as Context
  const drafts = Array.from(accounts.all(), (account) => {
    const stanza = { from: parseJid('hall@rooms.im.test/nick'), to: parseJid('hall@rooms.im.test') }
    const sender = { account }
    return { stanza, sender, origin: 'client', sentAt: at, sizeBytes: 400, archives: [{}] } as unknown as Draft
  })
  const count = (n: number) => trafficFeature.message?.notify?.(drafts[n % USERS]!, ctx)
  for (let n = 0; n < COUNTED / 10; n++) count(n)
  const microsOf = async (flushEvery: number) => {
    const before = process.cpuUsage()
    for (let n = 1; n <= COUNTED; n++) {
      count(n)
      if (n % flushEvery === 0) await traffic.flush()
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / COUNTED
  }
  const inMemory = await microsOf(Infinity)
  // As often as at 10,000 messages a second.
  const withWriting = await microsOf(50_000)
  await traffic.flush()
  const heapBefore = process.memoryUsage.rss()
  for (let n = 0; n < 1_000_000; n++) traffic.count('message', 400, at, [{ kind: 'peer', id: `d${n}.test` }])
  const millionMb = (process.memoryUsage.rss() - heapBefore) / 2 ** 20
  await traffic[Symbol.asyncDispose]()
  await close()
  await postgres.stop()
  await rm(home, { recursive: true, force: true })
  return { inMemory, withWriting, millionMb }
}
