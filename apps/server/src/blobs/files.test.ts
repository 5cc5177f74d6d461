import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createFileBlobs, isDiskFull } from './files.ts'

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'blobs-'))
  return {
    path,
    blobs: createFileBlobs({ quarantine: path, clean: path }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  }
}

test('a clean file is found under its hash, whole and readable by the server only', async () => {
  await using f = await folder()
  const sha256 = await f.blobs.clean.write(Buffer.from('clean'))
  expect(sha256).toEqual(createHash('sha256').update('clean').digest())
  const found = await f.blobs.clean.read(sha256)
  expect(found?.bytes).toBe(5)
  expect(await text(found!.stream())).toBe('clean')
  expect(await readdir(f.path)).toEqual([sha256.toString('hex')])
  expect((await stat(join(f.path, sha256.toString('hex')))).mode & 0o777).toBe(0o600)
})

test('storing a file again keeps it from being taken for an old one', async () => {
  await using f = await folder()
  const sha256 = await f.blobs.clean.write(Buffer.from('clean'))
  await utimes(join(f.path, sha256.toString('hex')), 0, 0)
  expect(await f.blobs.clean.listOlder(new Date())).toEqual([sha256])
  await f.blobs.clean.write(Buffer.from('clean'))
  expect(await f.blobs.clean.listOlder(new Date(Date.now() - 60_000))).toEqual([])
})

test('many may store the same file at once', async () => {
  await using f = await folder()
  const stored = await Promise.all(Array.from({ length: 20 }, () => f.blobs.clean.write(Buffer.from('same'))))
  expect(new Set(stored.map((sha256) => sha256.toString('hex'))).size).toBe(1)
  expect(await readdir(f.path)).toHaveLength(1)
})

test('what an unfinished write left is cleaned up, and nothing else is touched', async () => {
  await using f = await folder()
  for (const name of [`${'ab'.repeat(32)}.12.part`, 'README']) {
    await writeFile(join(f.path, name), 'x')
    await utimes(join(f.path, name), 0, 0)
  }
  expect(await f.blobs.clean.listOlder(new Date())).toEqual([])
  expect(await readdir(f.path)).toEqual(['README'])
})

test('a quarantined file is taken once, and what is not there is absent', async () => {
  await using f = await folder()
  const file = await f.blobs.quarantine.create('id')
  await file.close()
  await expect(f.blobs.quarantine.create('id')).rejects.toThrow('EEXIST')
  expect(await f.blobs.quarantine.size('id')).toBe(0)
  await f.blobs.quarantine.remove('id')
  await f.blobs.quarantine.remove('id')
  expect(await f.blobs.quarantine.read('id')).toBeUndefined()
  expect(await f.blobs.quarantine.size('id')).toBeUndefined()
  expect(await f.blobs.clean.read(Buffer.alloc(32))).toBeUndefined()
})

test('UP-12 a full disk and a full quota are told from other faults', () => {
  expect(['ENOSPC', 'EDQUOT', 'EIO'].map((code) => isDiskFull(Object.assign(new Error(code), { code })))).toEqual([
    true,
    true,
    false,
  ])
})
