import { fixture, loadedPng, ordinaryPng, photoPixels } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { startStack } from '../support/stack.ts'
import { upload } from '../support/upload.ts'
import { connectClient } from '../support/xmpp-client.ts'

const ROUNDS = 30

/** How long an image takes from the request for a slot to the answer that it is clean, one after the other. */
await using stack = await startStack()
const alice = await stack.account('alice')
const client = await connectClient({ port: stack.c2sPort, ...alice })
const twoMegapixels = { width: 1_600, height: 1_250, channels: 3 } as const
const photo = await sharp(photoPixels(1_600, 1_250), { raw: twoMegapixels }).jpeg({ quality: 90 }).toBuffer()
const images = [
  ['small PNG with metadata', 'a.png', loadedPng(), 'image/png'],
  ['640 × 480 PNG', 'b.png', ordinaryPng(640, 480), 'image/png'],
  ['2 MP photo', 'p.jpg', photo, 'image/jpeg'],
  ['2 MP PNG', 'c.png', ordinaryPng(1_600, 1_250), 'image/png'],
  ['small JPEG', 'd.jpg', fixture('jpeg'), 'image/jpeg'],
] as const
process.stdout.write('| image | median ms | p95 ms |\n| --- | --- | --- |\n')
for (const [name, file, bytes, type] of images) {
  const tookMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    const { status } = await upload(client, file, bytes, type)
    if (status !== 201) throw new Error(`${name}: ${status}`)
    tookMs.push(performance.now() - startedAt)
  }
  tookMs.sort((a, b) => a - b)
  const at = (share: number) => (tookMs[Math.floor(share * (tookMs.length - 1))] ?? 0).toFixed(0)
  process.stdout.write(`| ${name} | ${at(0.5)} | ${at(0.95)} |\n`)
}
await client.end()
