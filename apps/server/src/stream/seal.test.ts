import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSealer, sealerFrom } from './seal.ts'

const sealer = sealerFrom(randomBytes(32))
const SECRET = Buffer.from('a verifier')

test('what was sealed can be opened in its place, and looks different each time', () => {
  const sealed = sealer.seal(SECRET, 'row 1')
  expect(sealer.open(sealed, 'row 1')).toEqual(SECRET)
  expect(sealer.seal(SECRET, 'row 1')).not.toEqual(sealed)
  expect(sealed.includes(SECRET)).toBe(false)
})

test('two rows cannot be swapped', () => {
  const one = sealer.seal(SECRET, 'account 1\0argon2id')
  for (const place of ['account 2\0argon2id', 'account 1\0SCRAM-SHA-256', 'account 1', '']) {
    expect(() => sealer.open(one, place)).toThrow(/authenticate/)
  }
})

test('no bit can be flipped and no byte cut off', () => {
  const sealed = sealer.seal(SECRET, 'row')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => sealer.open(changed, 'row')).toThrow(/authenticate|version/)
  }
  for (let length = 0; length < sealed.length; length++)
    expect(() => sealer.open(sealed.subarray(0, length), 'row')).toThrow()
})

test('another key opens nothing, and derives other keys', () => {
  const other = sealerFrom(randomBytes(32))
  expect(() => other.open(sealer.seal(SECRET, 'row'), 'row')).toThrow(/authenticate/)
  expect(sealer.derive('salts')).toEqual(sealer.derive('salts'))
  expect(sealer.derive('salts')).not.toEqual(sealer.derive('tokens'))
  expect(sealer.derive('salts')).not.toEqual(other.derive('salts'))
})

test('the key is made once, for its owner only, and read from then on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'seal-'))
  try {
    const file = join(directory, 'secrets', 'credential-key')
    const sealed = (await loadSealer(file)).seal(SECRET, 'row')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(Buffer.from(await readFile(file, 'utf8'), 'base64')).toHaveLength(32)
    expect((await loadSealer(file)).open(sealed, 'row')).toEqual(SECRET)
    await writeFile(file, 'too short')
    await expect(loadSealer(file)).rejects.toThrow(/does not hold a key of 32 bytes/)
  } finally {
    await rm(directory, { recursive: true })
  }
})
