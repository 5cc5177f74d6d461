import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setTimeout } from 'node:timers/promises'
import { createArchiveWriter, indexTexts, migrate, openDatabase, startEmbeddedPostgres, uuidv7 } from '../src/index.ts'

// Commits per second of the archive writer, and how long a commit takes, on an embedded PostgreSQL with every default of
// production, fsync included. Each message has a text to be found by, unless --plain; with --index, words are made
// meanwhile. node packages/db/bench/writer.ts [--seconds 5] [--writers 2] [--plain] [--index]

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    writers: { type: 'string', default: '2' },
    plain: { type: 'boolean', default: false },
    index: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const writers = Number(values.writers)
const TEXT = 'x'.repeat(600)
const directory = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'))
const postgres = await startEmbeddedPostgres({ directory })
try {
  await migrate(postgres.url, join(import.meta.dirname, '../../../migrations'))
  for (const inFlight of [1, 64, 256, 1_000]) console.log(await measure(inFlight)) // oxlint-disable-line no-console
} finally {
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
}

/** Sixty German words a message, most of them its own. */
function words(n: number): string {
  return Array.from({ length: 60 }, (_, at) => `wort${(n * 60 + at) % 20_011}`).join(' ')
}

async function measure(inFlight: number) {
  await using writer = createArchiveWriter({ url: postgres.url, writers })
  const stanza = `<message type="chat"><body>${TEXT}</body></message>`
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
        ...(values.plain
          ? {}
          : { author: from, clientId: `${n} ${count}`, text: { words: words(n + count), language: 'de' } }),
      })
      latencies.push(performance.now() - startedAt)
    }
  }
  const writing = Promise.all(Array.from({ length: inFlight }, (_, n) => client(n)))
  const indexed = values.index ? await makeWords(writing) : 0
  await writing
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const at = (ratio: number) => Number(latencies[Math.floor(latencies.length * ratio)]!.toFixed(1))
  return {
    inFlight,
    commitsPerSecond: Math.round(latencies.length / seconds),
    medianMs: at(0.5),
    p99Ms: at(0.99),
    ...(values.index ? { textsIndexedPerSecond: Math.round(indexed / seconds) } : {}),
    nodeCpuRatio: Number(((user + system) / 1e6 / seconds).toFixed(2)),
  }
}

/** As the server does beside its writer, until the writer is done. */
async function makeWords(writing: Promise<unknown>): Promise<number> {
  await using database = openDatabase(postgres.url, { maxConnections: 1 })
  let isWriting = true
  void writing.then(() => (isWriting = false))
  let count = 0
  while (isWriting) {
    const taken = await indexTexts(database.db, 500)
    count += taken
    if (taken < 500) await setTimeout(100)
  }
  return count
}
