import { findUpload, insertUpload, listOutbox, quarantineUpload, uuidv7 } from '@drawbridge/db'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import { recover, stopSweep, sweep } from './sweep.ts'

/** A server, and an upload in it as a crash may have left it. */
async function afterCrash(options: { readonly now?: () => Date } = {}) {
  const s = await story({}, options)
  const { ctx } = s.server
  const { quarantine, clean } = ctx.dataPaths
  return {
    ctx,
    quarantine,
    clean,
    async upload(state: 'slot' | 'quarantined', file?: string) {
      const id = uuidv7()
      const row = { id, accountId: null, filename: 'a.png', declaredBytes: 4, declaredType: 'image/png' }
      await insertUpload(ctx.db, { ...row, tokenHash: Buffer.alloc(32) })
      if (state === 'quarantined') await quarantineUpload(ctx.db, id)
      if (file !== undefined) await writeFile(join(quarantine, id), file)
      return id
    },
    async start() {
      await recover(ctx)
      stopSweep(ctx)
    },
    [Symbol.asyncDispose]: () => s[Symbol.asyncDispose](),
  }
}

test('after a crash, what was received completely is sanitized and the rest is gone (durability §5.14)', async () => {
  await using c = await afterCrash()
  const whole = await c.upload('quarantined', 'PNG!')
  const cut = await c.upload('quarantined', 'PN')
  const lost = await c.upload('quarantined')
  const half = await c.upload('slot', 'PN')
  await writeFile(join(c.quarantine, uuidv7()), 'nobody knows this')
  await writeFile(join(c.quarantine, 'not-an-id'), 'nor this')

  await c.start()

  expect(await readdir(c.quarantine)).toEqual([whole])
  const jobs = await listOutbox(c.ctx.db, ['sanitize-image'], 10)
  expect(jobs.map(({ payload }) => payload)).toEqual([{ uploadId: whole }])
  expect(await findUpload(c.ctx.db, cut)).toBeUndefined()
  expect(await findUpload(c.ctx.db, lost)).toBeUndefined()
  // A slot may still be asked for by its client, until it expires.
  expect((await findUpload(c.ctx.db, half))?.state).toBe('slot')
})

test('slots that were never used, stuck uploads and files without an upload are swept (UP-12)', async () => {
  let hours = 0
  await using c = await afterCrash({ now: () => new Date(Date.now() + hours * 3_600_000) })
  const slot = await c.upload('slot')
  const stuck = await c.upload('quarantined', 'PNG!')
  const orphan = 'ab'.repeat(32)
  for (const name of [orphan, `${orphan}.12.part`]) {
    await writeFile(join(c.clean, name), 'x')
    await utimes(join(c.clean, name), 0, 0)
  }
  await writeFile(join(c.clean, 'cd'.repeat(32)), 'just written, its row is about to come')

  await sweep(c.ctx)
  expect(await findUpload(c.ctx.db, slot)).toBeDefined()
  hours = 2
  await utimes(join(c.clean, 'cd'.repeat(32)), new Date(c.ctx.now()), new Date(c.ctx.now()))
  await sweep(c.ctx)

  expect(await findUpload(c.ctx.db, slot)).toBeUndefined()
  expect(await findUpload(c.ctx.db, stuck)).toBeUndefined()
  expect(await readdir(c.quarantine)).toEqual([])
  expect(await readdir(c.clean)).toEqual(['cd'.repeat(32)])
})
