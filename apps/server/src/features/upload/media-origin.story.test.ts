import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { fileHttp } from '../../../test/files.ts'
import { story } from '../../../test/story.ts'

const APP = 'https://im.test'
const FILES = 'https://files.im.test'

async function site(mediaUrl: string | undefined) {
  const s = await story(
    { alice: 1 },
    {
      doesJobs: true,
      settings: { web: { publicUrl: APP, ...(mediaUrl && { mediaUrl }) } },
      sanitize: (bytes) =>
        Buffer.from(bytes).includes('GIF89a')
          ? cleanImage({ widthPx: 1, heightPx: 1, bytes: Buffer.from('pixels') })
          : { outcome: 'not-an-image' },
    },
  )
  const http = await fileHttp(s.server)
  return {
    alice: s.alice,
    http,
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]()
      await s[Symbol.asyncDispose]()
    },
  }
}

test.each([
  ['page.html', '<!doctype html><script>steal()</script>', 'text/html'],
  ['drawing.xml', '<svg xmlns="http://www.w3.org/2000/svg" onload="steal()"/>', 'text/xml'],
  ['code.txt', 'steal()', 'text/javascript'],
  ['paper.pdf', '%PDF-1.7 /JavaScript', 'application/pdf'],
])('UP-05 active content is of another origin, an attachment, and runs nowhere: %s', async (name, body, type) => {
  await using s = await site(FILES)
  const { url, status } = await s.http.upload(s.alice, name, body, type)
  expect(status).toBe(201)
  expect(new URL(url).origin).toBe(FILES)
  const { headers } = await s.http.send('GET', url)
  expect(headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': expect.stringMatching(/^attachment;/),
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-site',
  })
})

test('UP-05 the host of files answers for files only, and the host of pages leads on', async () => {
  await using s = await site(FILES)
  const { url } = await s.http.upload(s.alice, 'a.txt', 'hello')
  for (const path of ['/', '/status.json', '/api/v1/session', '/index.html']) {
    expect((await s.http.send('GET', FILES + path)).status, path).toBe(404)
  }
  const old = url.replace(FILES, APP)
  expect(await s.http.send('GET', `${old}?s=x`)).toMatchObject({ status: 308, headers: { location: `${url}?s=x` } })
  expect((await s.http.send('PUT', old, Buffer.from('x'))).status).toBe(404)
  expect((await s.http.send('GET', `${APP}/status.json`)).status).toBe(200)
})

test('UP-05 the pages of this server may read files of the other origin, and nobody else may', async () => {
  await using s = await site(FILES)
  const { url } = await s.http.upload(s.alice, 'a.txt', 'hello')
  const from = (origin: string) => s.http.send('GET', url, undefined, { origin })
  expect((await from(APP)).headers['access-control-allow-origin']).toBe(APP)
  expect((await from('https://evil.test')).headers['access-control-allow-origin']).toBeUndefined()
})

test('UP-06 what is shown is what our encoder made, under the type it has, whatever the sender called it', async () => {
  await using s = await site(FILES)
  const { url } = await s.http.upload(s.alice, 'notes.txt', 'GIF89a/*<script>*/=1;', 'text/plain')
  const got = await s.http.send('GET', url)
  expect(got.body).toBe('pixels')
  expect(got.headers).toMatchObject({ 'content-type': 'image/png', 'x-content-type-options': 'nosniff' })
})

test('without an origin of their own, files are kept apart by their headers', async () => {
  await using s = await site(undefined)
  const { url } = await s.http.upload(s.alice, 'page.html', '<html>')
  expect(new URL(url).origin).toBe(APP)
  expect((await s.http.send('GET', url)).headers).toMatchObject({
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': "sandbox; default-src 'none'",
  })
})
