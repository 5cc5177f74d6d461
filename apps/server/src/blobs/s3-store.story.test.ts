import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasSwift, startSwift } from '../../test/swift.ts'
import { readAll, StorageUnavailable } from './object-store.ts'
import { createS3Store } from './s3-store.ts'

// The store against software that is not ours. `stores.test.ts` has the contract in full, with faults, against a server
// that checks what is sent; this shows that the contract is the one that others keep: OpenStack Swift, of Debian.

test('files are kept in a bucket of OpenStack Swift by its S3 API', async ({ skip }) => {
  skip(!hasSwift(), "Debian's python3-swift is not installed")
  await using swift = await startSwift()
  const store = createS3Store(swift)
  const bytes = randomBytes(300_000)
  await store.put('clean/one', bytes)
  const found = await store.find('clean/one')
  expect(found?.bytes).toBe(bytes.length)
  expect((await readAll(found!.read())).equals(bytes)).toBe(true)
  expect((await readAll(found!.read({ start: 65_535, end: 65_536 }))).equals(bytes.subarray(65_535, 65_537))).toBe(true)
  expect(await store.find('clean/two')).toBeUndefined()

  await store.put('clean/one', Buffer.from('another'))
  expect(String(await readAll((await store.find('clean/one'))!.read()))).toBe('another')
  await store.put('quarantine/empty', Buffer.alloc(0))
  expect((await store.find('quarantine/empty'))?.bytes).toBe(0)

  const directory = await mkdtemp(join(tmpdir(), 'spool-'))
  await writeFile(join(directory, 'file'), bytes)
  await store.take('quarantine/taken', join(directory, 'file'))
  await rm(directory, { recursive: true })
  expect((await readAll((await store.find('quarantine/taken'))!.read())).equals(bytes)).toBe(true)

  const listed = await Array.fromAsync(store.list('quarantine/'))
  expect(listed.map(({ key }) => key)).toEqual(['quarantine/empty', 'quarantine/taken'])
  for (const { storedAt } of listed) expect(Math.abs(Date.now() - storedAt.getTime())).toBeLessThan(120_000)

  await store.remove('clean/one')
  await store.remove('clean/one')
  expect(await store.find('clean/one')).toBeUndefined()
  const stranger = createS3Store({ ...swift, secretAccessKey: 'of somebody else' })
  await expect(stranger.put('clean/three', bytes)).rejects.toBeInstanceOf(StorageUnavailable)
}, 60_000)
