import { silentLog } from '@drawbridge/runtime'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweep } from '../../apps/server/src/features/upload/sweep.ts'
import { buildServer } from '../../apps/server/src/server.ts'
import { serverConfig } from '../../apps/server/src/server.config.ts'
import { startUploadRig, statOf } from '../support/upload-rig.ts'
import type { Put, Slot, UploadRig } from '../support/upload-rig.ts'

// Every point once; `DRAWBRIDGE_TEST_KILL_ROUNDS=200` runs all of them again and again (a quarter of an hour).
const ROUNDS = Number(process.env['DRAWBRIDGE_TEST_KILL_ROUNDS'] ?? 10) // oxlint-disable-line no-restricted-properties
const MARK = 'bytes of the sender'

let rig: UploadRig
let drawn: Buffer
beforeAll(async () => {
  rig = await startUploadRig()
  drawn = await drawPhoto()
})
afterAll(() => rig?.[Symbol.asyncDispose]())

/** What happens to an upload at one point of its life. Resolves when something was killed there. */
type Point = (slot: Slot, photo: Buffer) => Promise<Put | undefined>

const POINTS: Readonly<Record<string, Point>> = {
  'after the slot': async () => {
    await rig.kill('server')
    return undefined
  },

  'in mid-PUT': async (slot, photo) => {
    const half = Math.floor(photo.length / 2)
    const put = rig.put(slot, photo, half)
    await rig.until(async () => (await sizeOf('spool', slot)) >= half)
    await rig.kill('server')
    return put
  },

  'after the file is in quarantine, before its row says so': async (slot, photo) => {
    const half = Math.floor(photo.length / 2)
    const put = rig.put(slot, photo, half)
    await rig.until(async () => (await rowOf(slot))?.put_at !== null)
    await using hold = await rig.holdUp('select from upload where id = $1 for update', [slot.id])
    put.request.end(photo.subarray(half))
    await rig.until(async () => existsSync(pathOf('quarantine', slot)) && (await hold.waiting()) > 0)
    await rig.kill('server')
    return put
  },

  'after the row, before the job': async (slot, photo) => {
    await using _hold = await rig.holdUp('lock table bullmq.job in access exclusive mode')
    const put = rig.put(slot, photo)
    await rig.until(async () => (await rowOf(slot))?.state === 'quarantined')
    await rig.kill('server')
    return put
  },

  'when the job is taken': async (slot, photo) => {
    await using hold = await rig.holdUp('lock table image_failure in access exclusive mode')
    const put = rig.put(slot, photo)
    await rig.until(async () => (await hold.waiting()) > 0)
    await rig.kill('server')
    return put
  },

  'in the queue of the sanitizer': async (slot, photo) => {
    const decoders = await stopped('decoder')
    const { idle } = (await rig.health()).children.local
    const others = await Promise.all(
      Array.from({ length: idle + 1 }, async (_, n) => {
        const another = photoOf(`${slot.id} ${n}`)
        const other = await rig.slot(`other${n}.png`, another.length)
        return { other, put: rig.put(other, another) }
      }),
    )
    const put = rig.put(slot, photo)
    await rig.until(async () => (await rig.health()).queue.waiting > 0)
    await rig.kill('sanitizer')
    for (const pid of decoders) end(pid)
    await rig.restore()
    for (const { other, put: another } of others) await settled(other, another)
    return put
  },

  'while it is decoded': async (slot, photo) => {
    const decoders = await stopped('decoder')
    const put = rig.put(slot, photo)
    await rig.until(async () => (await rig.health()).children.local.busy > 0)
    for (const pid of decoders) end(pid)
    return put
  },

  'while it is encoded': async (slot, photo) => {
    const encoders = await stopped('encoder')
    const before = new Map(rig.children('decoder').map((pid) => [pid, ticksOf(pid)]))
    const put = rig.put(slot, photo)
    // Its decoder, one of these or one that came after one of these, has worked, and waits for an encoder that reads.
    const hasDecoded = (pid: number) => isAsleep(pid) && ticksOf(pid) > (before.get(pid) ?? 0)
    await rig.until(
      async () => rig.children('decoder').some(hasDecoded) && (await rig.health()).children.local.busy > 0,
    )
    for (const pid of encoders) end(pid)
    return put
  },

  'after the clean file is stored, before its row says so': async (slot, photo) => {
    const { put, hold } = await heldBeforePublishing(slot, photo)
    expect(await clean()).not.toEqual([])
    await rig.kill('server')
    await hold[Symbol.asyncDispose]()
    return put
  },

  'after the row says that it is clean, before anybody is told': async (slot, photo) => {
    const { put, hold } = await heldBeforePublishing(slot, photo)
    rig.signal('server', 'SIGSTOP')
    await hold.release()
    await rig.until(async () => (await rowOf(slot))?.state === 'clean')
    expect(existsSync(pathOf('quarantine', slot))).toBe(true)
    await rig.kill('server')
    return put
  },
}

describe('an upload whose server, sanitizer, decoder or encoder is killed', () => {
  const names = Object.keys(POINTS)
  const ends = new Map<string, string[]>()

  test.each(Array.from({ length: ROUNDS }, (_, round) => [round + 1, names[round % names.length]!] as const))(
    'round %i: %s, ends clean or refused, and is never served as it came',
    async (round, name) => {
      const photo = photoOf(`round ${round}`)
      const slot = await rig.slot(`round${round}.png`, photo.length)
      const killed = await POINTS[name]!(slot, photo)
      await rig.restore()
      // A slot is good for its file after the server has been away.
      const put = killed ?? rig.put(slot, photo)
      ends.set(name, [...(ends.get(name) ?? []), await settled(slot, put)])
    },
    120_000,
  )

  test('and afterwards no file is left that nothing refers to', async () => {
    expect(await rig.get({ ...(await rig.slot('unused.png', 9)) })).toMatchObject({ status: 404 })
    await rig.stop()
    await sweepLater()
    const { rows } = await rig.database.pool.query<{ name: string }>(
      "select encode(clean_sha256, 'hex') as name from upload where state = 'clean' " +
        "union select encode(sha256, 'hex') from upload_derivative",
    )
    expect(await clean()).toEqual(rows.map((row) => row.name).toSorted())
    for (const area of ['spool', 'quarantine', 'aside']) expect([area, await filesIn(area)]).toEqual([area, []])
    const { rows: unfinished } = await rig.database.pool.query(
      "select state from upload where state not in ('clean', 'refused')",
    )
    expect(unfinished).toEqual([])
    // Only a file that did not come whole is ever refused: everything else had a second chance.
    for (const [name, outcomes] of ends) {
      const expected = /mid-PUT|before its row|in the queue/.test(name) ? /^(?:clean|refused .*)$/ : /^clean$/
      for (const outcome of outcomes) expect([name, outcome]).toEqual([name, expect.stringMatching(expected)])
    }
    console.log([...ends].map(([name, outcomes]) => `${name}: ${tally(outcomes)}`).join('\n'))
  })
})

/** Waits for the end of an upload, looking at its link all the time. */
async function settled(slot: Slot, put: Put): Promise<string> {
  const answer = await put.answered
  let row = await rowOf(slot)
  await rig.until(async () => {
    const got = await rig.get(slot)
    row = await rowOf(slot)
    if (got?.status === 200) {
      expect(got.body.includes(MARK)).toBe(false)
      expect(got.body.subarray(1, 4).toString()).toBe('PNG')
      expect(row?.state).toBe('clean')
    } else if (got) expect(got.status).toBe(404)
    return row?.state === 'clean' || row?.state === 'refused'
  })
  // Whoever was told 201 has it; whoever was refused by name has not.
  if (answer === 201) expect(row).toMatchObject({ state: 'clean' })
  else if (answer !== 'lost') expect(row).toMatchObject({ state: 'refused' })
  expect((await rig.get(slot))?.status).toBe(row?.state === 'clean' ? 200 : 404)
  return row?.state === 'clean' ? 'clean' : `refused ${row?.reason}`
}

/** Lets an upload come as far as its clean file, and no farther. */
async function heldBeforePublishing(slot: Slot, photo: Buffer) {
  const put = await (async () => {
    await using beforeSanitizer = await rig.holdUp('lock table image_failure in access exclusive mode')
    const begun = rig.put(slot, photo)
    await rig.until(async () => (await beforeSanitizer.waiting()) > 0)
    return {
      begun,
      hold: await rig.holdUp('select from upload where id = $1 for update', [slot.id], beforeSanitizer.release),
    }
  })()
  await rig.until(async () => (await put.hold.waiting('%with published%')) > 0)
  return { put: put.begun, hold: put.hold }
}

/** A server in this process, two hours later, that sweeps once. */
async function sweepLater(): Promise<void> {
  const config = serverConfig.parse({
    common: { dataDir: rig.dataDir, domain: 'localhost', databaseUrl: rig.databaseUrl },
    stream: {},
    web: {},
    limits: {},
    policy: {},
  })
  await using server = await buildServer(config, silentLog, { now: () => new Date(Date.now() + 2 * 3_600_000) })
  await sweep(server.ctx)
}

/** CPU time of a process, in ticks; none of one that has gone. */
const ticksOf = (pid: number) => statOf(pid)?.ticks ?? 0
const isAsleep = (pid: number) => statOf(pid)?.state === 'S'

/** Stops children that have proved themselves: one that is only starting would be given up. */
async function stopped(kind: 'decoder' | 'encoder'): Promise<readonly number[]> {
  await rig.until(async () => {
    const { idle, starting } = (await rig.health()).children.local
    return idle > 0 && starting === 0
  })
  const pids = rig.children(kind)
  expect(pids).not.toEqual([])
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return pids
}

/** It may have died with its parent. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

interface Row {
  readonly state: string
  readonly reason: string | null
  readonly put_at: Date | null
}

async function rowOf({ id }: Slot): Promise<Row | undefined> {
  const { rows } = await rig.database.pool.query<Row>('select state, reason, put_at from upload where id = $1', [id])
  return rows[0]
}

const pathOf = (area: string, { id }: Slot) => join(rig.dataDir, 'blobs', area, id)
const sizeOf = (area: string, slot: Slot) =>
  stat(pathOf(area, slot)).then(
    ({ size }) => size,
    () => 0,
  )
const filesIn = async (area: string) => (await readdir(join(rig.dataDir, 'blobs', area))).toSorted()
const clean = () => filesIn('clean')

function tally(outcomes: readonly string[]): string {
  const counts = Map.groupBy(outcomes, (outcome) => outcome)
  return [...counts].map(([outcome, same]) => `${same.length} ${outcome}`).join(', ')
}

/** Bytes that no other upload has: one over which the sanitizer broke twice is not tried again. */
const photoOf = (note: string) => Buffer.concat([drawn, Buffer.from(`${MARK} in ${note}`)])

/** Pixels that take a moment to decode, with a text of the sender in the file. */
async function drawPhoto(): Promise<Buffer> {
  const [width, height] = [2_400, 2_400]
  const pixels = Buffer.alloc(width * height * 3)
  for (let at = 0; at < pixels.length; at++) pixels[at] = ((at * 2_654_435_761) >>> 24) & 0x3f
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .withExif({ IFD0: { ImageDescription: MARK } })
    .toBuffer()
  expect(png.includes(MARK)).toBe(true)
  return png
}
