import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createArchiveWriter } from './archive-writer.ts'
import { openDatabase } from './database.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { migrate } from './migrate.ts'
import { uuidv7 } from './uuid.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../migrations')

test('DU-02 PostgreSQL is killed twice under load: all that was acknowledged is there once, in order', async () => {
  const root = await mkdtemp(join(tmpdir(), 'drawbridge-durability-'))
  await chmod(root, 0o711)
  const directory = join(root, 'postgres')
  let postgres = await startEmbeddedPostgres({ directory })
  const { port, url } = postgres
  await migrate(url, MIGRATIONS)
  const errors: unknown[] = []
  const writer = createArchiveWriter({ url, maxBatch: 32, onError: (error) => void errors.push(error) })

  const acknowledged = new Map<string, Map<string, number>>()
  let sent = 0
  let isOver = false
  // Each pair writes one message after the other; those whose answer is open stay open over the outage.
  const pair = async (n: number) => {
    const [from, to] = [`a${n}@im.test`, `b${n}@im.test`]
    while (!isOver) {
      const id = uuidv7()
      sent++
      const outcome = await writer.commit({
        id,
        shard: `pair ${n}`,
        stanza: `<message id="${id}"/>`,
        sentAt: new Date(),
        archives: [
          { owner: from, peer: to, direction: 'out' },
          { owner: to, peer: from, direction: 'in' },
        ],
        dedup: { sender: from, target: to, originId: id, hash: Buffer.from(id) },
      })
      if (outcome.status !== 'committed') throw new Error(outcome.status)
      acknowledged.set(outcome.id, new Map(outcome.positions))
    }
  }
  const pairs = Array.from({ length: 40 }, (_, n) => pair(n))
  const reached = async (count: number) => {
    while (acknowledged.size < count) await new Promise((resolve) => void setImmediate(resolve))
  }
  for (let kill = 1; kill <= 2; kill++) {
    await reached(acknowledged.size + 800)
    process.kill(postgres.pid, 'SIGKILL')
    await postgres.exited
    postgres = await startEmbeddedPostgres({ directory, port })
  }
  await reached(acknowledged.size + 800)
  isOver = true
  await Promise.all(pairs)
  await writer.close()

  expect(errors.length).toBeGreaterThan(0)
  expect(acknowledged.size).toBe(sent)
  {
    await using database = openDatabase(url)
    const { rows } = await database.pool.query<{ owner: string; id: string; position: string }>(
      'select owner, message_id as id, position from archive order by owner, position',
    )
    expect(rows).toHaveLength(2 * sent)
    expect(rows.every(({ owner, id, position }) => acknowledged.get(id)?.get(owner) === Number(position))).toBe(true)
    for (let n = 0; n < 40; n++) {
      const order = (owner: string) => rows.filter((row) => row.owner === owner).map(({ id }) => id)
      expect(order(`a${n}@im.test`)).toEqual(order(`a${n}@im.test`).toSorted())
      expect(order(`b${n}@im.test`)).toEqual(order(`a${n}@im.test`))
    }
  }
  await postgres.stop()
  await rm(root, { recursive: true })
})
