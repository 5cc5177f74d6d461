import { createHash } from 'node:crypto'
import { cleanImage } from '@drawbridge/testkit/images'
import { findLastImageRenewal, insertImageRenewal, uuidv7 } from '@drawbridge/db'
import { expect, test, vi } from 'vitest'
import { png, slotFor, uploads } from '../../test/uploads.ts'
import { enqueueRenewal } from './renew-images.ts'

const DAY_1 = Buffer.from('as the encoder of yesterday wrote it')
const DAY_2 = Buffer.from('as the encoder of today writes it')
const thumbnail = (text: string) => ({
  maxSidePx: 128 as const,
  format: 'png' as const,
  widthPx: 10,
  heightPx: 5,
  bytes: Buffer.from(text),
})

test('images are made anew under the links that they have, what failed is counted, and the rest goes on', async () => {
  let version = 'yesterday'
  await using u = await uploads({
    sanitize: (bytes) => {
      if (version === 'today' && Buffer.from(bytes).includes('odd')) return { outcome: 'refused', reason: 'corrupt' }
      const text = Buffer.from(bytes).includes('odd') ? 'odd' : version === 'today' ? String(DAY_2) : String(DAY_1)
      const base = { widthPx: 20, heightPx: 10, bytes: Buffer.from(text), profileVersion: version }
      return cleanImage({ ...base, thumbnails: [thumbnail(`small ${version}`)] })
    },
  })
  const share = async (name: string, body: Buffer) => {
    const slot = await slotFor(u.alice, name, body)
    const put = await u.fetch('PUT', slot.url, body, slot.headers)
    const { thumbnails } = JSON.parse(put.body) as { thumbnails: { url: string }[] }
    return { url: slot.getUrl, thumbnail: thumbnails[0]!.url }
  }
  const shared = [await share('a.png', png('a')), await share('b.png', png('b')), await share('c.png', png('odd'))]
  const read = async () =>
    Promise.all(shared.map(async ({ url, thumbnail }) => [await u.fetch('GET', url), await u.fetch('GET', thumbnail)]))
  const seen = async () => (await read()).map((pair) => pair.map(({ status, body }) => `${status} ${body}`))
  expect(await seen()).toEqual([
    [`200 ${DAY_1}`, '200 small yesterday'],
    [`200 ${DAY_1}`, '200 small yesterday'],
    ['200 odd', '200 small yesterday'],
  ])

  version = 'today'
  const run = async (isEverything: boolean) => {
    const row = { id: uuidv7(), isEverything, startedBy: 'carol@im.test', startedAt: new Date() }
    const renewal = await insertImageRenewal(u.ctx.db, row)
    expect(await insertImageRenewal(u.ctx.db, { ...row, id: uuidv7() }), 'one at a time').toBeUndefined()
    await enqueueRenewal(u.ctx, renewal!)
    await vi.waitFor(async () => expect(await findLastImageRenewal(u.ctx.db)).toMatchObject({ outcome: 'done' }), {
      timeout: 15_000,
    })
    return findLastImageRenewal(u.ctx.db)
  }
  expect(await run(false)).toMatchObject({ total: 3, renewed: 2, kept: 0, failed: 1 })
  expect(await seen()).toEqual([
    [`200 ${DAY_2}`, '200 small today'],
    [`200 ${DAY_2}`, '200 small today'],
    ['200 odd', '200 small yesterday'],
  ])
  expect(await run(false), 'of today already').toMatchObject({ renewed: 0, kept: 2, failed: 1 })
})

test('a recall by hash outlives the making anew of images, and an older hash still finds them', async () => {
  let bytes = DAY_1
  await using u = await uploads({ sanitize: () => cleanImage({ widthPx: 20, heightPx: 10, bytes }) })
  const slot = await slotFor(u.alice, 'a.png', png())
  await u.fetch('PUT', slot.url, png(), slot.headers)
  const hashes = [createHash('sha256').update(DAY_1).digest('hex')]
  const status = async () => (await u.fetch('GET', slot.getUrl)).status
  const renew = async () => {
    const row = { id: uuidv7(), isEverything: true, startedBy: 'carol@im.test', startedAt: new Date() }
    await enqueueRenewal(u.ctx, (await insertImageRenewal(u.ctx.db, row))!)
    await vi.waitFor(
      async () => expect(await findLastImageRenewal(u.ctx.db)).toMatchObject({ id: row.id, outcome: 'done' }),
      {
        timeout: 15_000,
      },
    )
    return findLastImageRenewal(u.ctx.db)
  }
  const first = await u.operations.startRecall('carol@im.test', { hashes, reason: 'wrong file' })
  expect(first.files).toBe(1)
  bytes = DAY_2
  expect(await renew()).toMatchObject({ renewed: 0, kept: 1 })
  expect(await status()).toBe(410)

  await u.operations.endRecall('carol@im.test', first.recall.id)
  expect(await renew()).toMatchObject({ renewed: 1 })
  expect((await u.fetch('GET', slot.getUrl)).body).toBe(String(DAY_2))
  expect((await u.operations.startRecall('carol@im.test', { hashes, reason: 'again' })).files).toBe(1)
  expect(await status()).toBe(410)
})

test('after it, avatars are new ones, and what the archive says of a file is that of the file there is', async () => {
  let bytes = DAY_1
  await using u = await uploads({ sanitize: () => cleanImage({ widthPx: 20, heightPx: 10, bytes }) })
  const hashOf = (file: Buffer, algorithm = 'sha256') => createHash(algorithm).update(file)
  const slot = await slotFor(u.alice, 'a.png', png())
  await u.fetch('PUT', slot.url, png(), slot.headers)
  await u.alice.send(
    `<message to="alice@im.test" type="chat"><file-sharing xmlns="urn:xmpp:sfs:0">` +
      `<file xmlns="urn:xmpp:file:metadata:0"><name>a.png</name><media-type>image/png</media-type></file>` +
      `<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${slot.getUrl}"/></sources></file-sharing></message>`,
  )
  await u.alice.ask(
    'set',
    `<vCard xmlns="vcard-temp"><PHOTO><TYPE>image/png</TYPE><BINVAL>${png('me').toString('base64')}</BINVAL></PHOTO></vCard>`,
  )
  const described = async () => {
    u.alice.received()
    await u.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
    const text = u.alice.received().join('')
    return [/<hash[^>]*>([^<]+)</.exec(text)?.[1], /<size>(\d+)</.exec(text)?.[1]]
  }
  const photo = async () => (await u.alice.ask('get', '<vCard xmlns="vcard-temp"/>')).toString()
  expect(await described()).toEqual([hashOf(DAY_1).digest('base64'), String(DAY_1.length)])
  await vi.waitFor(async () => expect(await photo()).toContain(DAY_1.toString('base64')))

  bytes = DAY_2
  const row = { id: uuidv7(), isEverything: true, startedBy: 'carol@im.test', startedAt: new Date() }
  await enqueueRenewal(u.ctx, (await insertImageRenewal(u.ctx.db, row))!)
  await vi.waitFor(
    async () => expect(await findLastImageRenewal(u.ctx.db)).toMatchObject({ outcome: 'done', failed: 0 }),
    { timeout: 15_000 },
  )
  expect(await described()).toEqual([hashOf(DAY_2).digest('base64'), String(DAY_2.length)])
  await vi.waitFor(async () => expect(await photo()).toContain(DAY_2.toString('base64')))
})
