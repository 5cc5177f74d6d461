import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageProfile, Sanitize } from '@drawbridge/contract'
import { animatedGif, loadedPng, ordinaryPng, photoPixels } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { processTree } from '../src/sandbox/inspect.ts'
import { startProcess, temporarySocket, type SanitizerProcess } from '../test/process.ts'

/**
 * How fast images go through decoder and encoder, how much memory a decoder keeps, and how that compares with
 * `djpeg | cjpeg`, which does the same work in two processes without any protection.
 */

const ROUNDS = 15
const MIXED = 1_000
/** A pair per core, and pairs that live as long as this does. */
const SETTINGS = { DRAWBRIDGE_SANITIZER_CHILDREN: '2', DRAWBRIDGE_SANITIZER_REUSE: '100000' }

/** A photo of this size: a tile of noise, mirrored, since noise of many megapixels takes long to make. */
async function photo(widthPx: number, heightPx: number): Promise<sharp.Sharp> {
  const [width, height] = [Math.min(widthPx, 1_000), Math.min(heightPx, 750)]
  const tile = sharp(photoPixels(width, height), { raw: { width, height, channels: 3 } })
  const edges = { right: widthPx - width, bottom: heightPx - height, extendWith: 'mirror' } as const
  const { data, info } = await tile.extend(edges).raw().toBuffer({ resolveWithObject: true })
  return sharp(data, { raw: info })
}

const jpeg = async (widthPx: number, heightPx: number) =>
  (await photo(widthPx, heightPx)).jpeg({ quality: 90, chromaSubsampling: '4:2:0' }).toBuffer()

function row(...cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}

function head(...cells: readonly string[]): void {
  process.stdout.write('\n')
  row(...cells)
  row(...cells.map(() => '---'))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function clean(sanitize: Sanitize, bytes: Uint8Array, profile: ImageProfile = 'image'): Promise<void> {
  const { outcome } = await sanitize(bytes, profile)
  if (outcome !== 'clean') throw new Error(`an image of the benchmark was not clean: ${outcome}`)
}

/** One 12 MP photo at a time, in turns with `djpeg | cjpeg`, on one core and on two. */
async function besideCommandLine(): Promise<void> {
  if (spawnSync('djpeg', ['-version']).error || spawnSync('taskset', ['-V']).error) {
    process.stdout.write('\n(No comparison: djpeg, cjpeg of libjpeg-turbo-progs or taskset is not installed.)\n')
    return
  }
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'))
  const file = join(directory, '12mp.jpg')
  const bytes = await jpeg(4_000, 3_000)
  writeFileSync(file, bytes)
  head('12 MP JPEG', 'djpeg, cjpeg: median ms', 'two stages, thumbnails: median ms', 'ratio')
  for (const [cores, name] of [
    ['0', 'one core'],
    ['0,1', 'two cores'],
  ] as const) {
    await using place = await temporarySocket()
    await using sanitizer = await startProcess(place.socket, SETTINGS, ['taskset', '-c', cores])
    const plain: number[] = []
    const ours: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      let startedAt = performance.now()
      const command = `djpeg ${file} | cjpeg -quality 80 > ${file}.out`
      spawnSync('taskset', ['-c', cores, 'sh', '-c', command], { stdio: 'inherit' })
      plain.push(performance.now() - startedAt)
      startedAt = performance.now()
      await clean(sanitizer.sanitize, bytes)
      ours.push(performance.now() - startedAt)
    }
    const [a, b] = [median(plain), median(ours)]
    row(name, a.toFixed(0), b.toFixed(0), (b / a).toFixed(2))
  }
  await rm(directory, { recursive: true })
}

/** Clock ticks a second in `/proc`, the same on every Linux. */
const TICKS_PER_SECOND = 100

/** Milliseconds of CPU that a process and all below it have used, of those that live. */
function cpuMs(pid: number): number {
  const ticks = processTree(pid).map((each) => {
    // The name in brackets may hold spaces; user and system time are the 12th and 13th field behind it.
    const [, user, system] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${each}/stat`, 'latin1')) ?? []
    return Number(user) + Number(system)
  })
  return (ticks.reduce((sum, each) => sum + each, 0) * 1_000) / TICKS_PER_SECOND
}

/**
 * As many a second as go through, eight under way; and what each costs the sanitizer and its children, which says what
 * two idle cores would do also where others keep them busy.
 */
async function throughput({ sanitize, process: { pid = 0 } }: SanitizerProcess): Promise<void> {
  const avatar = await (await photo(512, 512)).png().toBuffer()
  const cases = [
    // What clients publish (XEP-0084 §3 wants it small), and what somebody picks from a disk.
    ['avatar: 192 px PNG', await (await photo(192, 192)).png().toBuffer(), 'avatar', 900],
    ['avatar: 512 px PNG', avatar, 'avatar', 600],
    ['avatar: 512 px JPEG', await jpeg(512, 512), 'avatar', 600],
    ['emote: 64 px PNG', ordinaryPng(64, 64), 'emote', 1_500],
    ['2 MP photo: JPEG', await jpeg(1_600, 1_250), 'image', 150],
    ['2 MP screenshot: PNG', ordinaryPng(1_600, 1_250), 'image', 60],
    ['12 MP photo: JPEG', await jpeg(4_000, 3_000), 'image', 30],
  ] as const
  head('images', 'a second', 'CPU ms each', 'a second, two cores of our own')
  for (const [name, bytes, profile, count] of cases) {
    let left: number = count
    const work = async () => {
      while (left-- > 0) await clean(sanitize, bytes, profile)
    }
    await clean(sanitize, bytes, profile)
    const [startedAt, usedMs] = [performance.now(), cpuMs(pid)]
    await Promise.all(Array.from({ length: 8 }, work))
    const [tookMs, cpuMsEach] = [performance.now() - startedAt, (cpuMs(pid) - usedMs) / count]
    row(name, ((count * 1_000) / tookMs).toFixed(1), cpuMsEach.toFixed(1), (2_000 / cpuMsEach).toFixed(0))
  }
}

/** Resident memory of each child after a thousand images of many kinds, four at a time. */
async function memory(sanitizer: SanitizerProcess): Promise<void> {
  const small = await photo(640, 480)
  const images = [
    await jpeg(1_600, 1_250),
    await jpeg(2_400, 1_600),
    ordinaryPng(800, 600),
    loadedPng(300, 200),
    animatedGif(160, 12),
    await small.webp({ quality: 85 }).toBuffer(),
    await small.webp({ lossless: true, effort: 0 }).toBuffer(),
    await small.png().toBuffer(),
  ]
  let next = 0
  const work = async () => {
    for (let index = next++; index < MIXED; index = next++) {
      await clean(sanitizer.sanitize, images[index % images.length] ?? Buffer.alloc(0))
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
  head(`after ${MIXED} mixed images`, 'resident MB')
  for (const { stage, bytes } of residents(sanitizer.process.pid ?? 0)) row(stage, (bytes / 1e6).toFixed(0))
}

/** Every process below this one that is a stage. A sandbox may have put others in between. */
function residents(pid: number): { stage: string; bytes: number }[] {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1')
  const stage = /child\/(decoder|encoder)\b/.exec(read('cmdline'))?.[1]
  const bytes = 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(read('status'))?.[1] ?? 0)
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  const below = children.flatMap(residents)
  // A wrapper around a stage names it, too: what counts is the process itself.
  return stage === undefined || below.length > 0 ? below : [{ stage, bytes }]
}

/** All parts, or those that are named on the command line. */
const wanted = process.argv.slice(2)
const isWanted = (part: string) => wanted.length === 0 || wanted.includes(part)

if (isWanted('beside')) await besideCommandLine()
await using place = await temporarySocket()
await using sanitizer = await startProcess(place.socket, { ...SETTINGS, DRAWBRIDGE_SANITIZER_QUEUE: '100' })
if (isWanted('throughput')) await throughput(sanitizer)
if (isWanted('memory')) await memory(sanitizer)
