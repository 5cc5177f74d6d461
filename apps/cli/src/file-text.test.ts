import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readText } from './file-text.ts'

let directory = ''
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'file-text-'))))
afterAll(() => rm(directory, { recursive: true, force: true }))

async function read(bytes: Buffer) {
  const path = join(directory, 'file')
  await writeFile(path, bytes)
  return readText(path, 100)
}
const utf16 = Buffer.from('\u{FEFF}{"ä":1}', 'utf16le')

test.each([
  ['UTF-8', Buffer.from('{"ä":1}')],
  ['UTF-8 with a byte order mark', Buffer.from('\u{FEFF}{"ä":1}')],
  ['UTF-16', utf16],
  ['UTF-16, big endian', Buffer.from(utf16).swap16()],
])('%s is read', async (_, bytes) => {
  expect(await read(bytes)).toBe('{"ä":1}')
})

test.each([
  ['unpack it first', gzipSync('{}')],
  ['no text in UTF-8', Buffer.from([0x7b, 0xff])],
  ['larger than 100 bytes', Buffer.alloc(101, 0x20)],
])('a file that cannot be read so is refused: %s', async (why, bytes) => {
  await expect(read(bytes)).rejects.toThrow(why)
})
