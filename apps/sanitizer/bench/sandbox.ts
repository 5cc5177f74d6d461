import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { SANDBOX_LEVELS, type ImageProfile, type SandboxLevel } from '@drawbridge/contract'
import { ordinaryPng, photoPixels } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { hasBubblewrap } from '../src/children/launch.ts'
import { Pair } from '../src/children/pair.ts'
import { prepareLevel, sandboxAt } from '../src/sandbox/choose.ts'
import { startProcess, temporarySocket, type SanitizerProcess } from '../test/process.ts'

/**
 * What each level of the sandbox costs: per image and per start, in turns, so that all levels see the same machine. CPU
 * time of the children is what counts; the wall clock also shows whatever else the machine does.
 */

const ROUNDS = 40
const STARTS = 8
const TICK_MS = 10
const LEVELS = SANDBOX_LEVELS.filter((level) => level !== 'A' || hasBubblewrap())

/** User and system time of all processes below one, in ms. */
function cpuMs(pid: number): number {
  const below = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  const own = (child: number) => {
    const fields = readFileSync(`/proc/${child}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
    return TICK_MS * (Number(fields[11]) + Number(fields[12]))
  }
  return below.reduce((sum, child) => sum + own(child) + cpuMs(child), 0)
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const row = (...cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`)
const head = (...cells: readonly string[]) => {
  row(...cells)
  row(...cells.map(() => '---'))
}

const raw = { width: 1_600, height: 1_250, channels: 3 } as const
const photo = await sharp(photoPixels(1_600, 1_250), { raw }).jpeg({ quality: 90 }).toBuffer()
const images: readonly (readonly [string, Uint8Array, ImageProfile])[] = [
  ['avatar: 512 px JPEG', await sharp(photo).resize(512, 512).jpeg().toBuffer(), 'avatar'],
  ['2 MP photo: JPEG', photo, 'image'],
  ['2 MP screenshot: PNG', ordinaryPng(1_600, 1_250), 'image'],
]

await using stack = new AsyncDisposableStack()
const sanitizers = new Map<SandboxLevel, SanitizerProcess>()
for (const level of LEVELS) {
  const place = stack.use(await temporarySocket())
  const settings = {
    DRAWBRIDGE_SANITIZER_SANDBOX: level,
    DRAWBRIDGE_SANITIZER_ALLOW_WEAK: 'true',
    DRAWBRIDGE_SANITIZER_REUSE: '100000',
  }
  sanitizers.set(level, stack.use(await startProcess(place.socket, settings)))
}

head('image', ...LEVELS.flatMap((level) => [`${level}: CPU ms`, `${level}: median ms`, `${level}: CPU beside D`]))
for (const [name, bytes, profile] of images) {
  const cost = new Map(LEVELS.map((level) => [level, { cpu: 0, walls: [] as number[] }]))
  for (let round = -2; round < ROUNDS; round++) {
    // Each level is the first as often as the others: who comes after a pause pays for it.
    const turns = LEVELS.map((_, index) => LEVELS[(index + round + LEVELS.length) % LEVELS.length])
    for (const level of turns) {
      const sanitizer = level && sanitizers.get(level)
      if (!sanitizer) continue
      const { process: child, sanitize } = sanitizer
      const pid = child.pid ?? 0
      const [cpu, startedAt] = [cpuMs(pid), performance.now()]
      const verdict = await sanitize(bytes, profile)
      if (verdict.outcome !== 'clean') throw new Error(`${name} at level ${level}: ${JSON.stringify(verdict)}`)
      const entry = cost.get(level)
      if (round < 0 || entry === undefined) continue
      entry.walls.push(performance.now() - startedAt)
      entry.cpu += cpuMs(pid) - cpu
    }
  }
  const plain = cost.get('D')?.cpu ?? 0
  const cells = [...cost.values()].flatMap(({ cpu, walls }) => [
    (cpu / ROUNDS).toFixed(1),
    median(walls).toFixed(0),
    `${((100 * cpu) / plain - 100).toFixed(0)} %`,
  ])
  row(name, ...cells)
}

process.stdout.write('\n')
head('start of a pair', 'median ms')
for (const level of LEVELS) {
  await prepareLevel(level)
  const uid = process.getuid?.() === 0 ? { uid: 58_222 } : {}
  const { launch } = sandboxAt({ level, emptyDir: tmpdir(), ...uid })
  const walls: number[] = []
  for (let start = 0; start < STARTS; start++) {
    const startedAt = performance.now()
    const pair = new Pair(launch)
    await pair.hello(30_000)
    walls.push(performance.now() - startedAt)
    pair.kill('aborted', 'done')
    await pair.exited
  }
  row(level, median(walls).toFixed(0))
}
