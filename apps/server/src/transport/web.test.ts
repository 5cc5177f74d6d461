import { once } from 'node:events'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWebFiles } from './web.ts'

let directory: string
let server: Server
const get = (path: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)

async function build(name: string): Promise<void> {
  await mkdir(join(directory, 'assets'), { recursive: true })
  await writeFile(join(directory, 'index.html'), `<title>${name}</title>`)
  await writeFile(join(directory, 'assets', `${name}.js`), name)
  await writeFile(join(directory, 'build.json'), '{}')
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drawbridge-pages-'))
  await build('one')
  const serve = await createWebFiles({ directory, prefix: '/admin' })
  server = createServer((req, res) => {
    void Promise.resolve(serve(req, res, new URL(req.url ?? '/', 'http://im.test'))).then((isOurs) => {
      if (!isOurs) res.writeHead(404).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  server.close()
  await rm(directory, { recursive: true })
})

test('every path under the prefix that is no file is the page, under its own policy', async () => {
  for (const path of ['/admin', '/admin/', '/admin/clients?view=rules']) {
    const answer = await get(path)
    expect(await answer.text(), path).toBe('<title>one</title>')
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(answer.headers.get('content-security-policy')).not.toMatch(/blob:|data:|\*|unsafe/)
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
  }
  const asset = await get('/admin/assets/one.js')
  expect(asset.headers.get('cache-control')).toContain('immutable')
})

test('what is beside the prefix is left to others, and no path leads out of the directory', async () => {
  for (const path of ['/', '/administrator', '/adminassets/one.js', '/assets/one.js', '/admin/../index.html.x']) {
    expect((await get(path)).status, path).toBe(404)
  }
  expect((await get('/admin/..%2f..%2fetc/passwd.txt')).status).toBe(404)
})

test('a new build is noticed with the next page, and the assets of the last one stay', async () => {
  await rm(join(directory, 'assets', 'one.js'))
  await build('two')
  const later = new Date(Date.now() + 60_000)
  await utimes(join(directory, 'build.json'), later, later)
  expect(await (await get('/admin')).text()).toBe('<title>two</title>')
  expect((await get('/admin/assets/one.js')).status).toBe(200)
  expect((await get('/admin/assets/two.js')).status).toBe(200)
})
