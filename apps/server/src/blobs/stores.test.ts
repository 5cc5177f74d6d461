import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startS3 } from '../../test/s3.ts'
import type { S3Server } from '../../test/s3.ts'
import { encryptedStore } from './encrypted-store.ts'
import { asFull, createFileStore } from './file-store.ts'
import { keyRing } from './frames.ts'
import { readAll, StorageFull, StorageUnavailable } from './object-store.ts'
import type { ObjectStore } from './object-store.ts'
import { createS3Store } from './s3-store.ts'

let s3: S3Server
let folder: string
beforeAll(async () => {
  s3 = await startS3()
  folder = await mkdtemp(join(tmpdir(), 'stores-'))
  await mkdir(join(folder, 'aside'))
})
afterAll(async () => {
  await s3[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const files = () => createFileStore({ root: folder, aside: join(folder, 'aside') })
const optionsOf = ({ settings, keys }: S3Server) => {
  const { s3Endpoint: endpoint, s3Region: region, s3Bucket } = settings
  return { endpoint, region, bucket: s3Bucket, ...keys }
}
const bucket = () => createS3Store(optionsOf(s3))
const sealed = (inner: ObjectStore) => encryptedStore(inner, keyRing([Buffer.alloc(32, 7)]), join(folder, 'aside'))

const STORES: readonly [string, string, () => ObjectStore][] = [
  ['files', 'one', files],
  ['a bucket', 'two', bucket],
  ['encrypted files', 'three', () => sealed(files())],
  ['an encrypted bucket', 'four', () => sealed(bucket())],
]

describe.each(STORES)('%s', (_name, area, open) => {
  const store = () => open()
  const key = `${area}/object`
  const keys = async () => (await Array.fromAsync(store().list(`${area}/`))).map((entry) => entry.key).toSorted()

  test('what was put is there: whole, in parts, and in the list', async () => {
    const bytes = randomBytes(200_000)
    await store().put(key, bytes)
    const found = await store().find(key)
    expect(found?.bytes).toBe(bytes.length)
    expect((await readAll(found!.read())).equals(bytes)).toBe(true)
    for (const [start, end] of [
      [0, 0],
      [65_535, 65_536],
      [199_990, 199_999],
    ] as const) {
      expect((await readAll(found!.read({ start, end }))).equals(bytes.subarray(start, end + 1))).toBe(true)
    }
    const [entry] = await Array.fromAsync(store().list(`${area}/`))
    expect(entry?.key).toBe(key)
    expect(Math.abs(entry!.storedAt.getTime() - Date.now())).toBeLessThan(60_000)
  })

  test('an empty object is one, and what comes later takes its place', async () => {
    await store().put(key, Buffer.alloc(0))
    expect(await readAll((await store().find(key))!.read())).toHaveLength(0)
    await store().put(key, Buffer.from('new'))
    expect(String(await readAll((await store().find(key))!.read()))).toBe('new')
  })

  test('a file of this machine moves in', async () => {
    const path = join(folder, 'coming')
    const bytes = randomBytes(150_000)
    await writeFile(path, bytes)
    await store().take(`${area}/moved`, path)
    expect((await readAll((await store().find(`${area}/moved`))!.read())).equals(bytes)).toBe(true)
    await expect(stat(path)).rejects.toThrow('ENOENT')
    await store().remove(`${area}/moved`)
  })

  test('what is not there is absent, and removing it again does nothing', async () => {
    await store().put(key, Buffer.from('x'))
    await store().remove(key)
    await store().remove(key)
    expect(await store().find(key)).toBeUndefined()
    expect(await keys()).toEqual([])
  })
})

test('files are for this server only, and nothing is left beside them', async () => {
  await files().put('mode/a', Buffer.from('x'))
  expect((await stat(join(folder, 'mode', 'a'))).mode & 0o777).toBe(0o600)
  expect(await readdir(join(folder, 'aside'))).toEqual([])
})

test('a list goes on past its first page', async () => {
  const keys = Array.from({ length: 11 }, (_, n) => `many/${n}`).toSorted()
  for (const key of keys) await bucket().put(key, Buffer.from('x'))
  expect((await Array.fromAsync(bucket().list('many/'))).map((entry) => entry.key)).toEqual(keys)
})

test('renewing encrypts what was there before, and brings what an old key wraps under the new one', async () => {
  const old = Buffer.alloc(32, 7)
  const fresh = Buffer.alloc(32, 8)
  const aside = join(folder, 'aside')
  await files().put('renew/plain', Buffer.from('from before'))
  await encryptedStore(files(), keyRing([old]), aside).put('renew/old', Buffer.from('under the old key'))
  const store = encryptedStore(files(), keyRing([fresh, old]), aside)
  expect([await store.renew('renew/plain'), await store.renew('renew/old')]).toEqual(['encrypted', 'rewrapped'])
  expect([await store.renew('renew/plain'), await store.renew('renew/old')]).toEqual(['kept', 'kept'])
  const without = encryptedStore(files(), keyRing([fresh]), aside)
  expect(String(await readAll((await without.find('renew/plain'))!.read()))).toBe('from before')
  expect(String(await readAll((await without.find('renew/old'))!.read()))).toBe('under the old key')
  expect((await readdir(join(folder, 'renew'))).toSorted()).toEqual(['old.enc', 'plain.enc'])
  expect((await readFile(join(folder, 'renew', 'plain.enc'))).includes('from before')).toBe(false)
})

test('a wrong key of the service, a bucket that is not there and a service that is away are said to be so', async () => {
  const right = optionsOf(s3)
  const wrong = createS3Store({ ...right, secretAccessKey: 'wrong' })
  await expect(wrong.put('a/b', Buffer.from('x'))).rejects.toThrow('403 SignatureDoesNotMatch')
  await expect(createS3Store({ ...right, bucket: 'another' }).put('a/b', Buffer.from('x'))).rejects.toThrow(
    StorageUnavailable,
  )
  const away = createS3Store({ ...right, endpoint: 'http://127.0.0.1:1' })
  await expect(away.find('a/b')).rejects.toThrow(StorageUnavailable)
})

test('UP-12 a full disk, a full quota and a full service are told from other faults', async () => {
  const isFull = (code: string) => asFull(Object.assign(new Error(code), { code })) instanceof StorageFull
  expect(['ENOSPC', 'EDQUOT', 'EIO'].map(isFull)).toEqual([true, true, false])
  const server = createServer((_req, res) => res.writeHead(507).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store = createS3Store({ endpoint, region: 'x', bucket: 'full', accessKeyId: 'a', secretAccessKey: 'b' })
  await expect(store.put('a/b', Buffer.from('x'))).rejects.toThrow(StorageFull)
  server.close()
})

test('a service that fails for a moment is asked again', async () => {
  const statuses = [503, 500, 200]
  const seen: (string | undefined)[] = []
  const server = createServer((req, res) => {
    seen.push(req.headers['x-amz-content-sha256'] as string)
    req.resume().on('end', () => res.writeHead(statuses.shift() ?? 200).end())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store = createS3Store({ endpoint, region: 'x', bucket: 'moody', accessKeyId: 'a', secretAccessKey: 'b' })
  await store.put('a/b', Buffer.from('x'))
  expect(seen).toHaveLength(3)
  expect(seen[0]).toMatch(/^[0-9a-f]{64}$/)
  server.close()
})
