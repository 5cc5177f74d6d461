import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createArchiveWriter, migrate, startEmbeddedPostgres, uuidv7 } from '../src/index.ts'

// Commits per second of the archive writer, and how long a commit takes, on an embedded PostgreSQL with every default of
// production, fsync included. node packages/db/bench/writer.ts [--seconds 5] [--writers 2]

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, writers: { type: 'string', default: '2' } },
})
const seconds = Number(values.seconds)
const writers = Number(values.writers)
const directory = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'))
const postgres = await startEmbeddedPostgres({ directory })
try {
  await migrate(postgres.url, join(import.meta.dirname, '../../../migrations'))
  for (const inFlight of [1, 64, 256, 1_000]) console.log(await measure(inFlight)) // oxlint-disable-line no-console
} finally {
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
}

async function measure(inFlight: number) {
  await using writer = createArchiveWriter({ url: postgres.url, writers })
  const stanza = `<message type="chat"><body>${'x'.repeat(600)}</body></message>`
  const latencies: number[] = []
  const end = performance.now() + seconds * 1_000
  const cpu = process.cpuUsage()
  const client = async (n: number) => {
    const [from, to] = [`user${n}@im.test`, `user${n ^ 1}@im.test`]
    const prefixWith = (numbers: readonly number[]) => numbers[0]!
    for (let count = 1; performance.now() < end; count++) {
      const startedAt = performance.now()
      await writer.commit({
        id: uuidv7(),
        shard: `user${n & ~1}`,
        stanza,
        sentAt: new Date(),
        archives: [
          { owner: from, peer: `${to}/phone`, direction: 'out' },
          { owner: to, peer: `${from}/phone`, direction: 'in' },
        ],
        dedup: {
          sender: from,
          target: to,
          originId: `${n} ${count} ${inFlight}`,
          hash: Buffer.from(stanza.slice(0, 32)),
        },
        stream: { id: `stream${n}`, n: count, prefixWith },
        policyEpoch: 0,
      })
      latencies.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, n) => client(n)))
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const at = (ratio: number) => Number(latencies[Math.floor(latencies.length * ratio)]!.toFixed(1))
  return {
    inFlight,
    commitsPerSecond: Math.round(latencies.length / seconds),
    medianMs: at(0.5),
    p99Ms: at(0.99),
    nodeCpuRatio: Number(((user + system) / 1e6 / seconds).toFixed(2)),
  }
}
