import { silentLog } from '@drawbridge/runtime'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
print(`counting alone: ${alone.toFixed(3)} µs of CPU per message, the writing of ${USERS} accounts' counts included`)

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
  print(`counting alone is ${((alone / plain) * 100).toFixed(2)} % of a message`)
}
await rm(directory, { recursive: true, force: true })

/** CPU microseconds per message of what a server does to count it, without all the rest. */
async function countAlone(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'drawbridge-traffic-'))
  const postgres = await startEmbeddedPostgres({ directory: join(home, 'postgres') })
  await migrate(postgres.url, join(import.meta.dirname, '../../migrations'))
  const { db, close } = openDatabase(postgres.url)
  const traffic = startTraffic(db, silentLog)
  const at = new Date()
  const accounts = Array.from({ length: USERS }, (_, n) => `u${n}`)
  const count = (n: number) => traffic.count({ at, account: accounts[n % USERS], bytes: 400 })
  for (let n = 0; n < COUNTED / 10; n++) count(n)
  const before = process.cpuUsage()
  for (let n = 0; n < COUNTED; n++) {
    count(n)
    // As often as at 10,000 messages a second.
    if (n % 50_000 === 0) await traffic.flush()
  }
  await traffic.flush()
  const { user, system } = process.cpuUsage(before)
  await traffic[Symbol.asyncDispose]()
  await close()
  await postgres.stop()
  await rm(home, { recursive: true, force: true })
  return (user + system) / COUNTED
}
