import { readFileSync } from 'node:fs'
import { fixture, photoPixels, ssim } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCEPTED_SAMPLES } from '../src/child/samples.ts'
import type { Sanitizer } from '../src/server.ts'
import { startInProcess } from './process.ts'

const read = (pid: number, name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1')

/** A process and all below it: a sandbox may have put some in between. */
function treeOf(pid: number): number[] {
  return [pid, ...read(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number).flatMap(treeOf)]
}

const SIZE = { width: 320, height: 240, channels: 3 } as const
const source = sharp(photoPixels(SIZE.width, SIZE.height), { raw: SIZE })
const accepted = { acceptsAvif: true }

describe('AVIF, where the operator wants it', () => {
  let sanitizer: Sanitizer
  beforeAll(async () => void (sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_AVIF: 'wasm' })))
  afterAll(() => sanitizer[Symbol.asyncDispose]())

  test('becomes a JPEG that looks the same', async () => {
    const sent = await source.clone().avif({ quality: 90, effort: 0 }).toBuffer()
    const verdict = await sanitizer.sanitize(sent, 'image', accepted)
    if (verdict.outcome !== 'clean') throw new Error(JSON.stringify(verdict))
    expect(verdict).toMatchObject({ inputFormat: 'avif', format: 'jpeg', widthPx: 320, heightPx: 240 })
    const pixelsOf = (bytes: Uint8Array) => sharp(bytes).removeAlpha().raw().toBuffer()
    expect(ssim(await pixelsOf(sent), await pixelsOf(verdict.bytes), SIZE.width)).toBeGreaterThan(0.97)
  })

  test('with transparency it becomes a WebP', async () => {
    const sent = await source.clone().ensureAlpha(0.5).avif({ effort: 0 }).toBuffer()
    const verdict = await sanitizer.sanitize(sent, 'image', accepted)
    expect(verdict).toMatchObject({ outcome: 'clean', format: 'webp', features: ['alpha'] })
  })

  test('is refused where the policy does not let it in', async () => {
    const verdict = await sanitizer.sanitize(fixture('avif'), 'image')
    expect(verdict).toEqual({ outcome: 'refused', reason: 'unsupported', inputFormat: 'avif' })
  })

  test('is decoded where there is no native code of its library, and by children that read nothing else', async () => {
    await sanitizer.sanitize(fixture('avif'), 'image', accepted)
    const isNative = (pid: number) => treeOf(pid).some((each) => read(each, 'maps').includes('libvips'))
    expect(sanitizer.pids.decoder.filter(isNative)).toHaveLength(1)
    expect(sanitizer.pids.decoder).toHaveLength(2)
    // A JPEG that says it is an AVIF reaches the decoder, and is none there.
    const disguised = Buffer.concat([fixture('avif').subarray(0, 32), Buffer.from(ACCEPTED_SAMPLES.jpeg, 'base64')])
    expect(await sanitizer.sanitize(disguised, 'image', accepted)).toMatchObject({
      outcome: 'refused',
      reason: 'corrupt',
    })
  })

  test('UP-07: with bytes changed in its picture it is read or refused, and the next image works', async () => {
    // Each refusal costs a pair, and one with WebAssembly takes seconds to come back.
    const file = fixture('avif')
    const start = file.indexOf('mdat') + 4
    for (const at of [start, start + 8, start + 20]) {
      const changed = Buffer.from(file).fill(0xff, at, at + 6)
      const verdict = await sanitizer.sanitize(changed, 'image', accepted)
      expect(['clean', 'refused']).toContain(verdict.outcome)
    }
    expect(await sanitizer.sanitize(file, 'image', accepted)).toMatchObject({ outcome: 'clean' })
  }, 60_000)

  test('UP-07: more pixels than its limit are refused from the header', async () => {
    const file = fixture('avif')
    file.writeUInt32BE(8_000, file.indexOf('ispe') + 8)
    file.writeUInt32BE(8_000, file.indexOf('ispe') + 12)
    expect(await sanitizer.sanitize(file, 'image', accepted)).toMatchObject({ reason: 'too-large' })
  })
})

test('AVIF is refused by default, whatever the policy says', async () => {
  await using sanitizer = await startInProcess({})
  const verdict = await sanitizer.sanitize(fixture('avif'), 'image', accepted)
  expect(verdict).toEqual({ outcome: 'refused', reason: 'unsupported', inputFormat: 'avif' })
})
