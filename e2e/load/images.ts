import { xml } from '@drawbridge/xmpp'
import { fixture, loadedPng, ordinaryPng, photoPixels } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { startStack } from '../support/stack.ts'
import { upload } from '../support/upload.ts'
import { connectClient } from '../support/xmpp-client.ts'

/** Rounds of each image: the first argument, 30 without one. */
const ROUNDS = Number(process.argv[2] ?? 30)
const NS_SFS = 'urn:xmpp:sfs:0'

/**
 * How long an image takes from the request for a slot to the answer that it is clean, one after the other; and how long
 * until somebody else has been told of it and has fetched what a timeline shows (images, "Fast": p95 below a second).
 */
await using stack = await startStack()
const [alice, bob] = [await stack.account('alice'), await stack.account('bob')]
const client = await connectClient({ port: stack.c2sPort, ...alice })
const reader = await connectClient({ port: stack.c2sPort, ...bob })
reader.send('<presence/>')
const twoMegapixels = { width: 1_600, height: 1_250, channels: 3 } as const
const photo = await sharp(photoPixels(1_600, 1_250), { raw: twoMegapixels }).jpeg({ quality: 90 }).toBuffer()
const images = [
  ['small PNG with metadata', 'a.png', loadedPng(), 'image/png'],
  ['640 × 480 PNG', 'b.png', ordinaryPng(640, 480), 'image/png'],
  ['2 MP photo', 'p.jpg', photo, 'image/jpeg'],
  ['2 MP PNG', 'c.png', ordinaryPng(1_600, 1_250), 'image/png'],
  ['small JPEG', 'd.jpg', fixture('jpeg'), 'image/jpeg'],
] as const
process.stdout.write('| image | clean: median ms | p95 ms | seen by another: median ms | p95 ms |\n')
process.stdout.write('| --- | --- | --- | --- | --- |\n')
for (const [name, file, bytes, type] of images) {
  const cleanMs: number[] = []
  const seenMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    const { status, url } = await upload(client, file, bytes, type)
    if (status !== 201) throw new Error(`${name}: ${status}`)
    cleanMs.push(performance.now() - startedAt)
    await see(url)
    seenMs.push(performance.now() - startedAt)
  }
  const cells = [cleanMs, seenMs].flatMap((tookMs) => [at(tookMs, 0.5), at(tookMs, 0.95)])
  process.stdout.write(`| ${name} | ${cells.join(' | ')} |\n`)
}
await Promise.all([client.end(), reader.end()])

/** Sends the link, and fetches what the other side is told to show: the largest thumbnail, else the image. */
async function see(url: string): Promise<void> {
  const id = crypto.randomUUID()
  const source = xml('url-data', { xmlns: 'http://jabber.org/protocol/url-data', target: url })
  const file = xml('file', { xmlns: 'urn:xmpp:file:metadata:0' })
  const sharing = xml('file-sharing', { xmlns: NS_SFS }, file, xml('sources', { xmlns: NS_SFS }, source))
  client.send(xml('message', { to: 'bob@localhost', type: 'chat', id }, xml('body', {}, url), sharing))
  const message = await reader.next(({ attrs }) => attrs['id'] === id)
  const shared = message.getChild('file-sharing', NS_SFS)
  const [thumbnail] = shared?.getChild('file')?.getChildren('thumbnail') ?? []
  const uri = thumbnail?.attrs['uri']
  const full = shared?.getChild('sources')?.getChild('url-data')?.attrs['target']
  const response = await fetch(uri?.startsWith('http') ? uri : (full ?? ''))
  if (!response.ok) throw new Error(`GET: ${response.status}`)
  await response.arrayBuffer()
}

function at(tookMs: readonly number[], share: number): string {
  return (tookMs.toSorted((a, b) => a - b)[Math.floor(share * (tookMs.length - 1))] ?? 0).toFixed(0)
}
