import { countHeld, createArchiveWriter, listAudit, openDatabase, uuidv7 } from '@drawbridge/db'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { offlineParts } from '../../test/offline.ts'
import { startPolicy } from './start.ts'

// Two servers on one database: of all the ends of a suspension, one happens.

const COUNT = 700

/** A hold with so many messages: more than one transaction lets go. */
async function queue() {
  const disposable = await testDatabase()
  const { url } = disposable
  const database = openDatabase(url)
  const { db } = database
  const start = (deliverReleased: (bodies: readonly string[]) => Promise<void> | void = () => undefined) =>
    startPolicy({
      ...{ db, url, log: silentLog, posture: 'discover', leaseTtlMs: 5_000, offline: offlineParts() },
      sessions: { list: () => [] },
      queue: {
        deliverReleased: (messages) => deliverReleased(messages.map(({ stanza }) => stanza)),
        isStillClean: async () => true,
      },
    })
  const first = await start()
  const { suspension } = await first.operations.startSuspension('local:cli', {
    ...{ scopes: ['messages'], mode: 'hold', reason: 'worm' },
  })
  await first.close()
  const sent = Array.from({ length: COUNT }, (_, index) => `<message n="${index}"/>`)
  const recipients = [{ owner: 'bob@im.test', peer: 'alice@im.test', direction: 'in' as const }]
  const archives = [{ owner: 'alice@im.test', peer: 'bob@im.test', direction: 'out' as const }]
  {
    await using writer = createArchiveWriter({ url })
    const held = { suspensionId: suspension.id, recipients }
    await Promise.all(
      sent.map((stanza) => writer.commit({ id: uuidv7(), shard: '', stanza, sentAt: new Date(), archives, held })),
    )
  }
  const archived = async () => {
    const { rows } = await db.execute<{ stanza: string }>(
      `select stanza from archive join message on id = message_id where owner = 'bob@im.test' order by position`,
    )
    return rows.map(({ stanza }) => stanza)
  }
  const ends = async () => (await listAudit(db, 100)).filter(({ action }) => action === 'end-suspension')
  return {
    ...{ db, sent, start, archived, ends, id: suspension.id },
    async [Symbol.asyncDispose]() {
      await database.close()
      await disposable[Symbol.asyncDispose]()
    },
  }
}

/** A node whose first delivery takes until it is told to go on. */
function slowDelivery() {
  const [begun, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const deliver = () => {
    begun.resolve()
    return mayGoOn.promise
  }
  return { begun: begun.promise, goOn: mayGoOn.resolve, deliver }
}

test('of two ends on two nodes one wins, before anything leaves the queue, and only its way of release happens', async () => {
  await using q = await queue()
  const { begun, goOn, deliver } = slowDelivery()
  await using here = await q.start(deliver)
  await using there = await q.start()
  const ending = here.operations.endSuspension('alice@im.test', q.id, 'in-order')
  await begun
  await expect(there.operations.endSuspension('bob@im.test', q.id, 'discard')).rejects.toMatchObject({
    code: 'suspension-ended',
  })
  await expect(there.operations.endSuspension('local:schedule', q.id, 'review')).rejects.toMatchObject({
    code: 'suspension-ended',
  })
  goOn()
  expect(await ending).toMatchObject({ released: COUNT, discarded: 0, suspension: { release: 'in-order' } })
  expect(await q.archived()).toEqual(q.sent)
  expect(await q.ends()).toMatchObject([
    { actor: 'alice@im.test', detail: { release: 'in-order', released: COUNT, discarded: 0 } },
  ])
})

test('an end that a crash left half done goes on at the next start, as it had begun; whoever wakes up late changes nothing', async () => {
  await using q = await queue()
  const { begun, goOn, deliver } = slowDelivery()
  await using here = await q.start(deliver)
  const ending = here.operations.endSuspension('alice@im.test', q.id, 'in-order')
  await begun
  expect((await countHeld(q.db)).count).toBe(200)

  await using there = await q.start()
  expect(await there.operations.recover()).toBe(200)
  goOn()
  await expect(ending).rejects.toMatchObject({ code: 'suspension-ended' })
  expect(await q.archived()).toEqual(q.sent)
  expect(await q.ends()).toMatchObject([
    { actor: 'alice@im.test', detail: { release: 'in-order', released: COUNT, discarded: 0 } },
  ])
})

test('an end that fails gives the suspension back as it was', async () => {
  await using q = await queue()
  await using here = await q.start(() => Promise.reject(new Error('no way')))
  await expect(here.operations.endSuspension('alice@im.test', q.id, 'in-order')).rejects.toThrow('no way')
  await using there = await q.start()
  expect(await there.operations.endSuspension('bob@im.test', q.id, 'discard')).toMatchObject({ discarded: 200 })
  expect(await q.archived()).toEqual(q.sent.slice(0, 500))
  expect(await q.ends()).toMatchObject([{ actor: 'bob@im.test', detail: { released: 500, discarded: 200 } }])
})
