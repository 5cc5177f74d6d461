import type { SanitizeVerdict } from '@drawbridge/contract'
import { cleanImage } from '@drawbridge/testkit/images'
import { describe, expect, test } from 'vitest'
import { keyFile } from '../../../test/keys.ts'
import { administratorOf } from '../../../test/people.ts'
import { startS3 } from '../../../test/s3.ts'
import { CLEAN, png, slotFor, uploads } from '../../../test/uploads.ts'

const THUMBNAIL = Buffer.from('a small one, made by our encoder')
const RAW = png('EXIF of the sender, who was at home')

/** An image with two thumbnails, one of which is not needed. */
const sanitize = (): SanitizeVerdict =>
  cleanImage({
    widthPx: 200,
    heightPx: 100,
    bytes: CLEAN,
    thumbnails: [{ maxSidePx: 128, format: 'jpeg', widthPx: 128, heightPx: 64, bytes: THUMBNAIL }],
  })

/** A place for files as an operator would set it up. */
async function place(kind: 'files' | 'encrypted files' | 'bucket' | 'encrypted bucket') {
  const s3 = kind.includes('bucket') ? await startS3() : undefined
  const keys = kind.includes('encrypted') ? await keyFile() : undefined
  return {
    s3,
    keys,
    settings: { blobs: { ...s3?.settings, ...(keys && { keyFile: keys.path }) } },
    async [Symbol.asyncDispose]() {
      await s3?.[Symbol.asyncDispose]()
      await keys?.[Symbol.asyncDispose]()
    },
  }
}

async function put(u: Awaited<ReturnType<typeof uploads>>, name = 'a.png', body = RAW) {
  const slot = await slotFor(u.alice, name, body)
  const answer = await u.fetch('PUT', slot.url, body, slot.headers)
  return { slot, answer, json: JSON.parse(answer.body) }
}

describe.each(['files', 'encrypted files', 'bucket', 'encrypted bucket'] as const)('%s', (kind) => {
  test('an image and its thumbnail are served, whole and in part, each under a link of its own (XEP-0264)', async () => {
    await using at = await place(kind)
    await using u = await uploads({ sanitize, settings: at.settings })
    const { answer, json, slot } = await put(u)
    expect(answer.status).toBe(201)
    expect(json).toMatchObject({ placeholder: expect.any(String), dominantColor: '#807060', widthPx: 200 })
    const [thumbnail] = json.thumbnails
    expect(thumbnail).toMatchObject({ type: 'image/jpeg', widthPx: 128, heightPx: 64, bytes: THUMBNAIL.length })

    expect(await u.fetch('GET', json.url)).toMatchObject({ status: 200, body: CLEAN.toString() })
    const small = await u.fetch('GET', thumbnail.url)
    expect(small).toMatchObject({ status: 200, body: THUMBNAIL.toString() })
    expect(small.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'content-disposition': "inline; filename*=UTF-8''a.jpg",
      'x-content-type-options': 'nosniff',
    })
    const part = await u.fetch('GET', json.url, undefined, { range: 'bytes=5-9' })
    expect([part.status, part.headers['content-range'], part.body]).toEqual([206, 'bytes 5-9/31', 'by ou'])
    const beyond = await u.fetch('GET', json.url, undefined, { range: 'bytes=31-' })
    expect([beyond.status, beyond.headers['content-range'], beyond.body]).toEqual([416, 'bytes */31', ''])
    const other = await u.fetch('GET', json.url, undefined, { range: 'bytes=0-1', 'if-range': '"another"' })
    expect([other.status, other.body]).toEqual([200, CLEAN.toString()])

    // UP-10: the thumbnail's id with the secret of the image, or another name, is nothing.
    const [imageKey, smallKey] = [slot.getUrl, thumbnail.url].map((url: string) => new URL(url).pathname.split('/')[2]!)
    expect((await u.fetch('GET', thumbnail.url.replace('a.jpg', 'a.png'))).status).toBe(404)
    const mixed = thumbnail.url.replace(smallKey!, `${smallKey!.slice(0, 22)}${imageKey!.slice(22)}`)
    expect((await u.fetch('GET', mixed)).status).toBe(403)
    const { quarantine, clean } = await u.files()
    expect([quarantine.length, clean.length]).toEqual([0, 2])
    const stored = [...(at.s3?.objects ?? [])]
    expect(stored.map(([key]) => key.split('/')[0])).toEqual(at.s3 ? ['clean', 'clean'] : [])
    for (const [, { bytes }] of stored) {
      expect(bytes.includes('EXIF')).toBe(false)
      expect(bytes.includes('made by our encoder')).toBe(at.keys === undefined)
    }
  })
})

test('a place for files that is away is said to be so, to who sends and who reads; nothing is lost (UP-12)', async () => {
  await using at = await place('bucket')
  await using u = await uploads({ sanitize, settings: at.settings })
  const { json } = await put(u)
  at.s3!.breakDown(503)
  const sent = await put(u)
  expect([sent.answer.status, sent.json.type, sent.answer.headers['retry-after']]).toEqual([
    503,
    '/problems/storage-unavailable',
    '30',
  ])
  const read = await u.fetch('GET', json.url)
  expect([read.status, JSON.parse(read.body).type]).toEqual([503, '/problems/storage-unavailable'])
  at.s3!.breakDown(undefined)
  expect((await u.fetch('GET', json.url)).status).toBe(200)
})

test('UP-12 a bucket without room is told as a full disk is, and the slot is used up', async () => {
  await using at = await place('bucket')
  await using u = await uploads({ sanitize, settings: at.settings })
  const slot = await slotFor(u.alice, 'a.png', RAW)
  at.s3!.breakDown(507)
  const full = await u.fetch('PUT', slot.url, RAW, slot.headers)
  expect([full.status, JSON.parse(full.body).type]).toEqual([507, '/problems/quota-exceeded'])
  at.s3!.breakDown(undefined)
  expect((await u.fetch('PUT', slot.url, RAW, slot.headers)).status).toBe(409)
  expect(await u.files()).toEqual({ quarantine: [], clean: [] })
})

test('files from before there was a key are encrypted by a command, and stay readable meanwhile', async () => {
  await using at = await place('encrypted files')
  await using u = await uploads({ sanitize, settings: at.settings })
  const admin = administratorOf(u.server)
  await put(u)
  expect(await admin('renewFiles', {})).toMatchObject({ isRunning: true })
  await expect
    .poll(() => admin('getFileRenewal', {}), { timeout: 10_000 })
    .toEqual({ isRunning: false, seen: 2, renewed: 0, failed: 0 })

  await using plain = await uploads({ sanitize })
  await expect(administratorOf(plain.server)('renewFiles', {})).rejects.toMatchObject({ code: 'file-key-missing' })
})
