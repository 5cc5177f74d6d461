import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../testkit/src/postgres.ts'
import { claimBlob, collectBlob, listUnwantedBlobs } from './blob.ts'
import { type Database, openDatabase } from './database.ts'
import { findCleanImage, putImageMapping } from './image-map.ts'
import { forgetOtherFailures, hasFailed, noteImageFailed, noteImageStrike } from './image-failure.ts'
import { abandonUpload, findDerivative, insertUpload, publishUpload, quarantineUpload } from './upload.ts'
import { uuidv7 } from './uuid.ts'

let made: TestDatabase
let opened: Database
const HOUR_MS = 3_600_000
const anHourAgo = () => new Date(Date.now() - HOUR_MS)
const hash = (n: number) => Buffer.alloc(32, n)

beforeAll(async () => {
  made = await testDatabase()
  opened = openDatabase(made.url)
})
afterAll(async () => {
  await opened.close()
  await made[Symbol.asyncDispose]()
})

/** A file that was claimed long ago. */
async function oldBlob(n: number): Promise<Buffer> {
  await claimBlob(opened.db, hash(n))
  await opened.pool.query("update blob set claimed_at = now() - interval '2 hours' where sha256 = $1", [hash(n)])
  return hash(n)
}

async function quarantined(): Promise<string> {
  const id = uuidv7()
  const facts = { accountId: null, filename: 'a.png', declaredBytes: 4, declaredType: 'image/png' }
  await insertUpload(opened.db, { id, ...facts, tokenHash: Buffer.alloc(32), createdAt: new Date() })
  await quarantineUpload(opened.db, id)
  return id
}

const unwanted = async () => (await listUnwantedBlobs(opened.db, anHourAgo(), 100)).map(([first]) => first)

test('a file is wanted while somebody refers to it, or has just said that they will', async () => {
  const { db } = opened
  const [image, thumbnail] = [await oldBlob(1), await oldBlob(2)]
  await claimBlob(db, hash(3))
  const id = await quarantined()
  const derivative = {
    id: uuidv7(),
    maxSidePx: 128,
    sha256: thumbnail,
    bytes: 3,
    type: 'image/png',
    widthPx: 1,
    heightPx: 1,
  }
  expect(await unwanted()).toEqual([1, 2])

  expect(await publishUpload(db, id, { cleanSha256: image, cleanBytes: 9, cleanType: 'image/png' }, [derivative])).toBe(
    true,
  )
  expect(await unwanted()).toEqual([])
  expect(await findDerivative(db, derivative.id)).toMatchObject({ derivative, upload: { id } })

  // Whoever was not told that it is there has nothing: the links end, and the files may go.
  expect(await abandonUpload(db, id, 'interrupted')).toBe(true)
  expect(await abandonUpload(db, id, 'failed')).toBe(false)
  expect(await findDerivative(db, derivative.id)).toBeUndefined()
  expect(await unwanted()).toEqual([1, 2])
})

test('what is published is all there or not at all: a thumbnail whose file was not claimed stops it', async () => {
  const { db } = opened
  const image = await oldBlob(10)
  const id = await quarantined()
  const derivative = {
    id: uuidv7(),
    maxSidePx: 128,
    sha256: hash(99),
    bytes: 3,
    type: 'image/png',
    widthPx: 1,
    heightPx: 1,
  }
  await expect(
    publishUpload(db, id, { cleanSha256: image, cleanBytes: 9, cleanType: 'image/png' }, [derivative]),
  ).rejects.toThrow()
  expect(await publishUpload(db, id, { cleanSha256: image, cleanBytes: 9, cleanType: 'image/png' })).toBe(true)
})

test('UP-12 a sweep that has listed a file leaves it to the upload that claims it meanwhile', async () => {
  const sha256 = await oldBlob(20)
  expect(await unwanted()).toContain(20)
  await claimBlob(opened.db, sha256)
  let isRemoved = false
  expect(await collectBlob(opened.db, sha256, anHourAgo(), async () => void (isRemoved = true))).toBe(false)
  expect(isRemoved).toBe(false)
})

test('UP-12 an upload that claims a file while a sweep removes it waits, and then stores it anew', async () => {
  const { db, pool } = opened
  const sha256 = await oldBlob(30)
  const store = new Set(['30'])
  const steps: string[] = []
  const inside = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const collecting = collectBlob(db, sha256, anHourAgo(), async () => {
    inside.resolve()
    await goOn.promise
    store.delete('30')
    steps.push('removed')
  })
  await inside.promise
  const claiming = claimBlob(db, sha256).then(() => {
    steps.push('claimed')
    // As `storeClean` does: it is looked for after the claim, and stored when it is not there.
    store.add('30')
  })
  await expect
    .poll(async () => (await pool.query('select from pg_locks where not granted')).rowCount, {
      interval: 5,
      timeout: 10_000,
    })
    .toBe(1)
  goOn.resolve()

  expect(await collecting).toBe(true)
  await claiming
  expect(steps).toEqual(['removed', 'claimed'])
  expect(store.has('30')).toBe(true)
  expect(await unwanted()).not.toContain(30)
})

test('what an upload became is forgotten with it; an image of a stanza is kept for whoever asks by its hash', async () => {
  const { db } = opened
  const image = { clean: Buffer.from('a clean file'), type: 'image/png', widthPx: 1, heightPx: 1 }
  const sha256 = createHash('sha256').update(image.clean).digest()
  await claimBlob(db, sha256)
  await opened.pool.query("update blob set claimed_at = now() - interval '2 hours' where sha256 = $1", [sha256])
  await putImageMapping(db, { ...image, raw: Buffer.from('of an upload'), profile: 'image' }, [])
  await putImageMapping(db, { ...image, raw: Buffer.from('of a stanza'), profile: 'inline' }, ['bob@im.test'])
  expect(await collectBlob(db, sha256, anHourAgo(), async () => undefined)).toBe(false)
  await opened.pool.query("delete from image_map where profile = 'inline'")
  expect(await collectBlob(db, sha256, anHourAgo(), async () => undefined)).toBe(true)
  expect(await findCleanImage(db, sha256)).toBeUndefined()
})

test('a file that could not be removed from the store is removed by a later sweep', async () => {
  const sha256 = await oldBlob(40)
  await expect(collectBlob(opened.db, sha256, anHourAgo(), () => Promise.reject(new Error('away')))).rejects.toThrow(
    'away',
  )
  expect(await unwanted()).toContain(40)
  expect(await collectBlob(opened.db, sha256, anHourAgo(), async () => undefined)).toBe(true)
  expect(await unwanted()).not.toContain(40)
})

test('an image over which decoders died is remembered, until the rules change', async () => {
  const { db } = opened
  const [killer, unlucky] = [hash(50), hash(51)].map((rawSha256) => ({ rawSha256, profile: 'image' }))
  await noteImageFailed(db, killer!, 'v1')
  await noteImageStrike(db, unlucky!)
  expect([await hasFailed(db, killer!, anHourAgo()), await hasFailed(db, unlucky!, anHourAgo())]).toEqual([true, false])
  // The same file of somebody else, in work when the same process broke.
  await noteImageStrike(db, unlucky!)
  expect(await hasFailed(db, unlucky!, anHourAgo())).toBe(false)
  await opened.pool.query("update image_failure set updated_at = now() - interval '1 minute'")
  await noteImageStrike(db, unlucky!)
  expect(await hasFailed(db, unlucky!, anHourAgo())).toBe(true)
  expect(await hasFailed(db, { ...killer!, profile: 'avatar' }, anHourAgo())).toBe(false)
  expect(await hasFailed(db, killer!, new Date(Date.now() + 1_000))).toBe(false)
  await forgetOtherFailures(db, 'v2')
  expect(await hasFailed(db, killer!, anHourAgo())).toBe(false)
})
