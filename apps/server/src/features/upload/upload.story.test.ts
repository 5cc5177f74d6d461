import type { SanitizeVerdict } from '@drawbridge/contract'
import { findUpload } from '@drawbridge/db'
import { renderMetrics } from '@drawbridge/runtime'
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { expect, test, vi } from 'vitest'
import { CLEAN, png, sanitize, slotFor, slotRequest, uploads } from '../../../test/uploads.ts'
import { parsePath } from '../../blobs/link.ts'
import { StorageFull } from '../../blobs/object-store.ts'

/** For a machine with much to do. */
const PATIENT = { timeout: 10_000 }
const conditionOf = (answer: { getChild(name: string): { getChildElements(): { name: string }[] } | undefined }) =>
  answer.getChild('error')?.getChildElements()[0]?.name

test('images row 1: an image is answered when it is clean, and only our own bytes are served (XEP-0363 §5, images §1)', async () => {
  await using u = await uploads()
  const body = png('EXIF <script>alert(1)</script>')
  const slot = await slotFor(u.alice, 'holiday.PNG', body, 'image/png')
  expect(slot.url).toMatch(/^http:\/\/im\.test\/upload\/[A-Za-z0-9_-]{43}\/holiday\.png$/)

  const before = await u.fetch('GET', slot.getUrl)
  const put = await u.fetch('PUT', slot.url, body, { ...slot.headers, 'content-length': body.length })
  const got = await u.fetch('GET', slot.getUrl)

  expect(before.status).toBe(404)
  expect(put.status).toBe(201)
  expect(JSON.parse(put.body)).toEqual({
    url: slot.getUrl,
    type: 'image/png',
    widthPx: 20,
    heightPx: 10,
    bytes: CLEAN.length,
    placeholder: expect.any(String),
    dominantColor: '#807060',
    thumbnails: [],
    reEncoding: { fromBytes: body.length, removed: [], isAnimationDropped: false, frames: 1 },
  })
  expect(got).toMatchObject({ status: 200, body: CLEAN.toString() })
  expect(got.headers).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': "inline; filename*=UTF-8''holiday.png",
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(got.headers['cache-control']).toBe('private, no-cache')
  const head = await u.fetch('HEAD', slot.getUrl)
  expect(head).toMatchObject({ status: 200, body: '' })
  expect(head.headers['content-length']).toBe(String(CLEAN.length))
  expect((await u.fetch('GET', slot.getUrl, undefined, { 'if-none-match': got.headers.etag })).status).toBe(304)
  expect(await u.files()).toMatchObject({ quarantine: [], clean: [expect.stringMatching(/^[0-9a-f]{64}$/)] })
})

test('UP-06 an image that is called something else is an image all the same', async () => {
  await using u = await uploads()
  const slot = await slotFor(u.alice, 'notes.txt', png(), 'text/plain')
  const put = await u.fetch('PUT', slot.url, png(), slot.headers)
  expect(JSON.parse(put.body)).toMatchObject({ type: 'image/png' })
  expect((await u.fetch('GET', slot.getUrl)).headers['content-disposition']).toBe("inline; filename*=UTF-8''notes.png")
})

test('UP-05 images row 2: any other file is an attachment that a browser neither shows nor runs', async () => {
  await using u = await uploads()
  const body = Buffer.from('<script>alert(document.domain)</script>')
  const slot = await slotFor(u.alice, 'page.html', body, 'text/html')
  const put = await u.fetch('PUT', slot.url, body, slot.headers)
  const got = await u.fetch('GET', slot.getUrl)

  expect(put.status).toBe(201)
  expect(got.body).toBe(body.toString())
  expect(got.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': "attachment; filename*=UTF-8''page.html",
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  })
})

test('an image that cannot be cleaned is refused with a reason, and is gone (images §2)', async () => {
  await using u = await uploads()
  const body = png('broken')
  const slot = await slotFor(u.alice, 'a.png', body)
  const put = await u.fetch('PUT', slot.url, body, { ...slot.headers, 'accept-language': 'de-DE' })

  expect(put.status).toBe(422)
  expect(put.headers['content-type']).toContain('application/problem+json')
  expect(JSON.parse(put.body)).toMatchObject({
    type: '/problems/image-rejected',
    status: 422,
    reason: 'corrupt',
    detail: expect.stringContaining('beschädigt'),
  })
  expect(await u.files()).toEqual({ quarantine: [], clean: [] })
})

test('the metrics tell what became of uploads, and nothing else about them', async () => {
  await using u = await uploads()
  const read = async () => {
    const text = await renderMetrics()
    return [
      'uploads_total{outcome="clean"}',
      'uploads_total{outcome="refused"}',
      'uploads_refused_total{reason="corrupt"}',
    ]
      .map((series) => text.split('\n').find((line) => line.startsWith(`drawbridge_${series} `)))
      .map((line) => Number(line?.split(' ')[1]))
  }
  const before = await read()
  for (const body of [png(), png('broken'), png('broken')]) {
    const slot = await slotFor(u.alice, 'a.png', body)
    await u.fetch('PUT', slot.url, body, slot.headers)
  }
  expect((await read()).map((value, index) => value - (before[index] ?? 0))).toEqual([1, 2, 2])
})

test('UP-06 what says that it is an image and is none is refused', async () => {
  await using u = await uploads()
  const body = Buffer.from('MZ this program cannot be run')
  const slot = await slotFor(u.alice, 'a.jpg', body, 'image/jpeg')
  const put = await u.fetch('PUT', slot.url, body, slot.headers)
  expect(put.status).toBe(415)
  expect(JSON.parse(put.body)).toMatchObject({ type: '/problems/image-rejected', reason: 'unsupported' })
})

test('UP-01 a slot needs a sensible size and an image of a kind that can be cleaned', async () => {
  await using u = await uploads()
  const ask = (name: string, size: number | string, type?: string) =>
    u.alice.ask('get', slotRequest(name, size, type), 'im.test')
  const limit = u.ctx.limits.maxUploadBytes

  expect(conditionOf(await ask('a.png', 0))).toBe('not-acceptable')
  expect(conditionOf(await ask('a.png', -1))).toBe('bad-request')
  expect(conditionOf(await ask('a.png', '1e3'))).toBe('bad-request')
  for (const size of [limit + 1, 2 ** 53]) {
    const answer = await ask('a.png', size)
    expect(conditionOf(answer)).toBe('not-acceptable')
    expect(answer.getChild('error')?.getChild('file-too-large')?.getChildText('max-file-size')).toBe(String(limit))
  }
  const svg = await ask('a.svg', 10, 'image/svg+xml')
  expect(conditionOf(svg)).toBe('not-acceptable')
  expect(svg.getChild('error')?.getChild('image-rejected')?.attrs['reason']).toBe('unsupported')
})

test('UP-01 an account gets so many slots at once, and is told when it may ask again', async () => {
  await using u = await uploads()
  for (let n = 0; n < 20; n++) await slotFor(u.alice, 'a.png', png())
  const answer = await u.alice.ask('get', slotRequest('a.png', 10), 'im.test')
  expect(conditionOf(answer)).toBe('resource-constraint')
  expect(answer.getChild('error')?.getChild('retry')?.attrs['stamp']).toMatch(/^\d{4}-.*Z$/)
})

test('UP-02 what is longer or shorter than its slot, or does not say, is not taken', async () => {
  await using u = await uploads()
  const body = png('0123456789')
  const put = async (sent: Buffer, headers = {}) => {
    const slot = await slotFor(u.alice, 'a.png', body)
    return (await u.fetch('PUT', slot.url, sent, { ...slot.headers, ...headers })).status
  }
  expect(await put(Buffer.concat([body, Buffer.from('!')]))).toBe(413)
  expect(await put(body.subarray(0, -1))).toBe(400)
  expect(await put(body, { 'transfer-encoding': 'chunked' })).toBe(411)
  expect(await u.files()).toEqual({ quarantine: [], clean: [] })
})

test('UP-02 a sender that goes away in mid-file leaves nothing behind', async () => {
  await using u = await uploads()
  const body = png(String(randomBytes(1000).toString('hex')))
  const slot = await slotFor(u.alice, 'a.png', body)
  const req = request({
    port: u.port,
    method: 'PUT',
    path: new URL(slot.url).pathname,
    agent: false,
    headers: { ...slot.headers, 'content-length': body.length },
  })
  req.on('error', () => undefined)
  req.write(body.subarray(0, 500))
  // Once the server has begun to take it.
  await expect.poll(async () => (await u.files()).quarantine.length, PATIENT).toBe(1)
  req.destroy()

  await expect.poll(u.files, PATIENT).toEqual({ quarantine: [], clean: [] })
  expect((await u.fetch('PUT', slot.url, body, slot.headers)).status).toBe(409)
  expect((await u.fetch('GET', slot.getUrl)).status).toBe(404)
})

test('UP-03 a slot takes one file, from whoever has its token, before it expires', async () => {
  let now = Date.now()
  await using u = await uploads({ now: () => new Date(now) })
  const slot = await slotFor(u.alice, 'a.png', png())
  const other = await slotFor(u.alice, 'a.png', png())
  const put = async (headers = {}) => (await u.fetch('PUT', slot.url, png(), headers)).status

  expect(await put()).toBe(403)
  expect(await put({ authorization: 'Bearer guessed' })).toBe(403)
  expect(await put(other.headers)).toBe(403)
  expect(await put(slot.headers)).toBe(201)
  expect(await put(slot.headers)).toBe(409)
  now += 6 * 60_000
  expect((await u.fetch('PUT', other.url, png(), other.headers)).status).toBe(403)
})

test('UP-10 whatever is not clean is not there, and all of it looks the same', async () => {
  await using u = await uploads()
  const waiting = await slotFor(u.alice, 'a.png', png())
  const refused = await slotFor(u.alice, 'a.png', png('broken'))
  await u.fetch('PUT', refused.url, png('broken'), refused.headers)
  const clean = await slotFor(u.alice, 'a.png', png())
  await u.fetch('PUT', clean.url, png(), clean.headers)
  const key = (url: string) => new URL(url).pathname.split('/')[2]!
  /** What our signature is on is not there; with another signature nobody learns whether it is. */
  const groups = [
    { status: 404, urls: [waiting.getUrl, refused.getUrl, clean.getUrl.replace('a.png', 'b.html')] },
    {
      status: 403,
      urls: [
        clean.getUrl.replace(key(clean.getUrl), 'A'.repeat(43)),
        clean.getUrl.replace(key(clean.getUrl), `${key(clean.getUrl).slice(0, 22)}${key(waiting.getUrl).slice(22)}`),
        clean.getUrl.split('?')[0]!,
        'http://im.test/upload/quarantine/a.png',
      ],
    },
  ]
  for (const { status, urls } of groups) {
    for (const method of ['GET', 'HEAD']) {
      const answers = await Promise.all(urls.map((url) => u.fetch(method, url, undefined, { range: 'bytes=0-1' })))
      for (const answer of answers) {
        expect([answer.status, answer.body]).toEqual([status, answers[0]!.body])
        expect({ ...answer.headers, date: '' }).toEqual({ ...answers[0]!.headers, date: '' })
      }
    }
  }
  expect((await u.fetch('GET', clean.getUrl)).status).toBe(200)
})

test('a sender that does not wait for the verdict has uploaded nothing, whatever the verdict is (images §2, failures)', async () => {
  let isAsked = () => {}
  const asked = new Promise<void>((resolve) => (isAsked = resolve))
  let answer = (_verdict: SanitizeVerdict) => {}
  const late = new Promise<SanitizeVerdict>((resolve) => (answer = resolve))
  await using u = await uploads({ sanitize: () => (isAsked(), late) })
  const slot = await slotFor(u.alice, 'a.png', png())
  const req = request({
    port: u.port,
    method: 'PUT',
    path: new URL(slot.url).pathname,
    agent: false,
    headers: slot.headers,
  })
  req.on('error', () => undefined)
  req.end(png())
  await asked
  expect((await u.fetch('GET', slot.getUrl)).status).toBe(404)

  req.destroy()

  await expect.poll(u.files, PATIENT).toEqual({ quarantine: [], clean: [] })
  answer(sanitize(png()))
  expect((await u.fetch('GET', slot.getUrl)).status).toBe(404)
})

test('the server answers OPTIONS without leave for pages of others', async () => {
  await using u = await uploads()
  const slot = await slotFor(u.alice, 'a.png', png())
  const { status, headers } = await u.fetch('OPTIONS', slot.url, undefined, { origin: 'https://evil.test' })
  expect(status).toBe(204)
  expect(headers.allow).toBe('GET, HEAD, PUT, OPTIONS')
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
})

test('what was shared is out of reach while reading is suspended, images and other files by their own scopes', async () => {
  await using u = await uploads()
  const share = async (name: string, body: Buffer) => {
    const slot = await slotFor(u.alice, name, body)
    expect((await u.fetch('PUT', slot.url, body, slot.headers)).status).toBe(201)
    return async () => (await u.fetch('GET', slot.getUrl)).status
  }
  const readImage = await share('a.png', png())
  const readFile = await share('a.txt', Buffer.from('text'))
  const suspend = async (scope: 'images' | 'files', mode: 'hold' | 'cut') =>
    (await u.operations.startSuspension('local:cli', { scopes: [scope], mode, reason: 'a hole in a decoder' }))
      .suspension

  const { id } = await suspend('images', 'cut')
  expect([await readImage(), await readFile()]).toEqual([503, 200])
  await u.operations.endSuspension('local:cli', id)
  const files = await suspend('files', 'cut')
  expect([await readImage(), await readFile()]).toEqual([503, 503])
  await u.operations.endSuspension('local:cli', files.id)
  expect([await readImage(), await readFile()]).toEqual([200, 200])
})

test('a suspension stops files at the slot, and at the PUT of a slot that was given before (control §4.4)', async () => {
  await using u = await uploads()
  const image = await slotFor(u.alice, 'a.png', png())
  const disguised = await slotFor(u.alice, 'notes.txt', png())
  await u.operations.startSuspension('local:cli', { scopes: ['images'], mode: 'hold', reason: 'drill' })

  const slot = await u.alice.ask('get', slotRequest('b.png', 10), 'im.test')
  expect(slot.getChild('error')?.attrs['type']).toBe('wait')
  expect(conditionOf(slot)).toBe('policy-violation')
  const put = await u.fetch('PUT', image.url, png(), image.headers)
  expect([put.status, JSON.parse(put.body)]).toMatchObject([503, { type: '/problems/suspended', reason: 'drill' }])
  expect((await u.fetch('PUT', disguised.url, png(), disguised.headers)).status).toBe(503)
  expect((await u.fetch('GET', disguised.getUrl)).status).toBe(404)
  const text = await slotFor(u.alice, 'a.txt', Buffer.from('text'))
  expect((await u.fetch('PUT', text.url, Buffer.from('text'), text.headers)).status).toBe(201)
})

test('a client that is blocked puts no file, even into a slot from before (control §3.4)', async () => {
  await using u = await uploads()
  const slot = await slotFor(u.alice, 'a.png', png())
  await u.operations.addClientRule('local:cli', { family: 'test', below: '2.0', action: 'block', preset: 'now' })
  const put = await u.fetch('PUT', slot.url, png(), slot.headers)
  expect([put.status, JSON.parse(put.body)]).toMatchObject([403, { type: '/problems/client-version-blocked' }])
})

test('UP-12 a full disk is said to be one, and keeps nothing of the file', async () => {
  const full = new StorageFull('no space left on device')
  await using u = await uploads({ sanitize: () => Promise.reject(full) })
  const slot = await slotFor(u.alice, 'a.png', png())
  const put = await u.fetch('PUT', slot.url, png(), slot.headers)
  expect([put.status, JSON.parse(put.body)]).toMatchObject([507, { type: '/problems/quota-exceeded' }])
  expect(await u.files()).toEqual({ quarantine: [], clean: [] })
})

test('AU-23 a slot does not outlive a change of password', async () => {
  await using u = await uploads()
  const slot = await slotFor(u.alice, 'a.png', png())
  u.ctx.emit('password.changed', { account: u.alice.session.account, keep: undefined })
  await vi.waitFor(async () => {
    expect((await findUpload(u.ctx.db, parsePath(new URL(slot.url).pathname)!.link.id))?.state).toBe('refused')
  })
  expect((await u.fetch('PUT', slot.url, png(), slot.headers)).status).toBe(409)
})

test('a link without our signature, or with another one, opens nothing', async () => {
  await using u = await uploads()
  const slot = await slotFor(u.alice, 'a.png', png())
  await u.fetch('PUT', slot.url, png(), slot.headers)
  expect((await u.fetch('GET', slot.getUrl)).status).toBe(200)
  const [plain = '', signature = ''] = slot.getUrl.split('?s=')
  const flipped = signature.replace(/^./u, (first) => (first === 'A' ? 'B' : 'A'))
  for (const link of [plain, `${plain}?s=${flipped}`, `${plain}?s=`]) {
    const answer = await u.fetch('GET', link)
    expect([answer.status, JSON.parse(answer.body).type]).toEqual([403, '/problems/link-expired'])
  }
})

test('where plain links were allowed, whoever knows one may open it', async () => {
  await using u = await uploads({ settings: { web: { hasPlainLinks: true } } })
  const slot = await slotFor(u.alice, 'a.png', png())
  await u.fetch('PUT', slot.url, png(), slot.headers)
  expect((await u.fetch('GET', slot.getUrl.split('?')[0] ?? '')).status).toBe(200)
})
