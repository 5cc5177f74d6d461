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

/**
 * What it costs to count who sends how much (control §2, row 4): `traffic.ts [ROUNDS]`. The same load on one server that
 * counts, and does not, in turns: two processes of the same program differ by more than this takes. What is compared is
 * CPU time per message and not its rate. Beside it, the same comparison of two runs that both do not count, or both do,
 * which shows what the machine makes of no difference at all; and the counting alone, with the writing of what was counted.
 */
const ROUNDS = Number(process.argv[2] ?? 8)
const USERS = 200
const SECONDS = '4'
const WARM_UP = '1'
const COUNTED = 2_000_000

type State = 'on' | 'off'

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
  const NODE_OPTIONS = `${process.env['NODE_OPTIONS'] ?? ''} --import ${join(import.meta.dirname, 'traffic-switch.ts')}`
  await using server = await startDrawbridge({ DRAWBRIDGE_TRAFFIC_ACCOUNTING: 'true', NODE_OPTIONS })
  await server.accounts(USERS)
  const [pid = 0] = server.pids
  let isCounting = true
  const micros = async (wanted: State) => {
    // What was counted until then is written while the load warms up.
    if (isCounting !== (wanted === 'on')) process.kill(pid, 'SIGWINCH')
    isCounting = wanted === 'on'
    const args = ['-m', 'chat', '-w', '8', '-s', SECONDS, '-k', WARM_UP, '-c', '4', '-u', 'u', '-n', String(USERS)]
    const line = await generator.run([...args, '-p', String(server.port), '-x', String(pid)])
    return Number(/= ([\d.]+) us\/delivery/u.exec(line)?.[1] ?? Number.NaN)
  }
  // What is compiled on the way is nobody's share.
  for (const state of ['on', 'off'] as const) await micros(state)
  const taken = { on: [] as number[], off: [] as number[] }
  const ratios: number[] = []
  const controls: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [outer, inner] = round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)
    const first = await micros(outer)
    const [second, third] = [await micros(inner), await micros(inner)]
    const fourth = await micros(outer)
    taken[outer].push(first, fourth)
    taken[inner].push(second, third)
    const ratio = (first + fourth) / (second + third)
    ratios.push(outer === 'on' ? ratio : 1 / ratio)
    controls.push(third / second)
  }
  print(
    `CPU of the server per archived message, µs, ${ROUNDS} rounds: on ${taken.on.join(' ')}; off ${taken.off.join(' ')}`,
  )
  const [counted, plain] = [median(taken.on), median(taken.off)]
  print(
    `medians: on ${counted.toFixed(1)} µs, off ${plain.toFixed(1)} µs; of the ratios of the rounds ${median(ratios).toFixed(3)}; ` +
      `of two runs without a difference ${median(controls).toFixed(3)}`,
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
