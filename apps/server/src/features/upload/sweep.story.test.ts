import {
  claimBlob,
  findUpload,
  insertUpload,
  listOutbox,
  publishUpload,
  putEvidence,
  quarantineUpload,
  takeSlot,
  uuidv7,
} from '@drawbridge/db'
import { expect, test } from 'vitest'
import { keyFile } from '../../../test/keys.ts'
import { story } from '../../../test/story.ts'
import type { Area } from '../../blobs/blobs.ts'
import { storeClean } from '../../blobs/blobs.ts'
import { recover, stopSweep, sweep } from './sweep.ts'

/** A server whose clock can be put forward, and uploads in it as a crash may have left them. */
async function afterCrash() {
  let hours = 0
  const now = () => new Date(Date.now() + hours * 3_600_000)
  const s = await story({}, { now })
  const { ctx } = s.server
  const { db, blobs } = ctx
  const namesIn = async (area: Area) => (await Array.fromAsync(area.list())).map(({ name }) => name)
  return {
    ctx,
    async upload(state: 'slot' | 'coming' | 'quarantined', file?: string) {
      const id = uuidv7()
      const row = { id, accountId: null, filename: 'a.png', declaredBytes: 4, declaredType: 'image/png' }
      await insertUpload(db, { ...row, tokenHash: Buffer.alloc(32), createdAt: now() })
      if (state !== 'slot') await takeSlot(db, id, now())
      if (state === 'quarantined') await quarantineUpload(db, id)
      if (file !== undefined) await blobs.quarantine.put(id, Buffer.from(file))
      return id
    },
    state: async (id: string) => {
      const upload = await findUpload(db, id)
      return upload && [upload.state, upload.reason]
    },
    quarantined: () => namesIn(blobs.quarantine),
    clean: () => namesIn(blobs.clean),
    jobs: async () => (await listOutbox(db, ['sanitize-image'], 10)).map(({ payload }) => payload),
    pass: (count: number) => void (hours += count),
    async start() {
      await recover(ctx)
      stopSweep(ctx)
    },
    [Symbol.asyncDispose]: () => s[Symbol.asyncDispose](),
  }
}

test('after a crash, what was received completely is sanitized and the rest is refused (durability §5.14)', async () => {
  await using c = await afterCrash()
  const whole = await c.upload('quarantined', 'PNG!')
  const lost = await c.upload('quarantined')
  const beforeItsRow = await c.upload('coming', 'PNG!')
  const coming = await c.upload('coming')
  const file = await c.ctx.blobs.spool.create(coming)
  await file.writeFile('PN')
  await file.close()
  const waiting = await c.upload('slot')
  await c.ctx.blobs.quarantine.put(uuidv7(), Buffer.from('nobody knows this'))
  await c.ctx.blobs.quarantine.put('not-an-id', Buffer.from('nor this'))

  await c.start()

  expect(await c.quarantined()).toEqual([whole])
  expect(await c.ctx.blobs.spool.list()).toEqual([])
  // The job finds out that the second one has no bytes, and says so.
  expect(await c.jobs()).toEqual([{ uploadId: whole }, { uploadId: lost }])
  expect(await c.state(beforeItsRow)).toEqual(['refused', 'interrupted'])
  expect(await c.state(coming)).toEqual(['refused', 'interrupted'])
  // A slot is good for its file after a restart, too.
  expect(await c.state(waiting)).toEqual(['slot', null])
})

test('nothing stays in between: unused slots go, what was forgotten is tried again, what is stuck is refused', async () => {
  await using c = await afterCrash()
  const slot = await c.upload('slot')
  const coming = await c.upload('coming')
  const stuck = await c.upload('quarantined', 'PNG!')

  await sweep(c.ctx)
  expect([await c.state(slot), await c.state(coming)]).toEqual([
    ['slot', null],
    ['slot', null],
  ])
  expect(await c.jobs()).toEqual([])
  c.pass(0.2)
  await sweep(c.ctx)
  expect(await c.state(slot)).toBeUndefined()
  expect(await c.jobs()).toEqual([{ uploadId: stuck }])
  expect(await c.state(stuck)).toEqual(['quarantined', null])
  c.pass(2)
  await sweep(c.ctx)
  expect(await c.state(coming)).toEqual(['refused', 'interrupted'])
  expect(await c.state(stuck)).toEqual(['refused', 'unchecked'])
  expect(await c.quarantined()).toEqual([])
  c.pass(31 * 24)
  await sweep(c.ctx)
  expect(await c.state(stuck)).toBeUndefined()
})

test('UP-12 a clean file is kept while an upload has it, or is about to; strays are found and go, too', async () => {
  await using c = await afterCrash()
  const { db, blobs } = c.ctx
  const kept = await storeClean(db, blobs, Buffer.from('of an upload'))
  await storeClean(db, blobs, Buffer.from('of nobody'))
  await blobs.clean.put('ab'.repeat(32), Buffer.from('of a backup, without a row'))
  const id = await c.upload('quarantined')
  await publishUpload(db, id, { cleanSha256: kept, cleanBytes: 12, cleanType: 'image/png' })

  await sweep(c.ctx)
  expect(await c.clean()).toHaveLength(3)
  c.pass(2)
  const again = await storeClean(db, blobs, Buffer.from('just stored'))
  await claimBlob(db, again)
  await sweep(c.ctx)

  expect((await c.clean()).toSorted()).toContain(kept.toString('hex'))
  expect(await c.clean()).not.toContain('ab'.repeat(32))
  expect(String(await blobs.clean.read(kept.toString('hex')))).toBe('of an upload')
})

test('sealed evidence goes when its time has passed, and so does what has no row', async () => {
  await using directory = await keyFile()
  await using s = await story({}, { settings: { blobs: { evidenceKeyFile: directory.path } } })
  const { db, blobs } = s.server.ctx
  const evidence = (id: string, expiresAt: Date) => ({
    id,
    sender: 'alice@im.test',
    filename: 'a.png',
    declaredType: 'image/png',
    rawSha256: Buffer.alloc(32),
    rawBytes: 3,
    outcome: 'clean' as const,
    reason: null,
    expiresAt,
  })
  const [old, current] = [uuidv7(), uuidv7()]
  for (const id of [old, current]) await blobs.evidence!.put(id, Buffer.from('raw'))
  await putEvidence(db, evidence(old, new Date(Date.now() - 1_000)))
  await putEvidence(db, evidence(current, new Date(Date.now() + 60_000)))
  await sweep(s.server.ctx)
  expect((await Array.fromAsync(blobs.evidence!.list())).map(({ name }) => name)).toEqual([current])
})
