import { SANDBOX_PROBES, type SandboxLevel, type SanitizeVerdict } from '@drawbridge/contract'
import { animatedGif, fixture, HOSTILE_IMAGES, loadedJpeg, loadedPng, ordinaryPng } from '@drawbridge/testkit/images'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig, silentLog } from '@drawbridge/runtime'
import { hasBubblewrap } from '../src/children/launch.ts'
import { sanitizerConfig } from '../src/sanitizer.config.ts'
import { processTree } from '../src/sandbox/inspect.ts'
import { startAtStrongestLevel } from '../src/sandbox/choose.ts'
import { startProcess, temporarySocket, type SanitizerProcess } from './process.ts'

const isRoot = process.getuid?.() === 0
const NATIVE = process.platform === 'linux'
const LEVELS = (['A', 'B', 'C', 'D'] as const).filter(
  (level) => level === 'C' || level === 'D' || (NATIVE && (level === 'B' || hasBubblewrap())),
)

const settingsFor = (level: SandboxLevel) => ({
  DRAWBRIDGE_SANITIZER_SANDBOX: level,
  DRAWBRIDGE_SANITIZER_ALLOW_WEAK: 'true',
})

describe('every level', () => {
  const places: AsyncDisposable[] = []
  const at = new Map<SandboxLevel, SanitizerProcess>()

  beforeAll(async () => {
    for (const level of LEVELS) {
      const place = await temporarySocket()
      const sanitizer = await startProcess(place.socket, settingsFor(level))
      at.set(level, sanitizer)
      places.push(sanitizer, place)
    }
  })
  afterAll(async () => {
    for (const place of places) await place[Symbol.asyncDispose]()
  })

  test.each(LEVELS)('%s says what it denies, and names what it does not', async (level) => {
    const { sandbox } = (await at.get(level)?.health()) ?? {}
    const byUser = isRoot ? (['signal'] as const) : []
    const denied = {
      A: SANDBOX_PROBES,
      B: SANDBOX_PROBES,
      C: ['read', 'write', 'spawn', ...byUser, 'ptrace'],
      D: isRoot ? ['signal', 'ptrace'] : [],
    }[level]
    expect(sandbox).toMatchObject({ level, isWeak: level === 'D', skipped: [], denied })
    expect(sandbox?.possible).toEqual(SANDBOX_PROBES.filter((probe) => !denied.includes(probe)))
    if (isRoot) expect(sandbox?.childUid).toBe(58_222)
  })

  test.skipIf(!NATIVE).each(LEVELS)(
    '%s: a child has no environment but its tuning, no descriptor but its own, limits, and a user of its own under root',
    (level) => {
      const children = at.get(level)?.childPids() ?? []
      expect(children).toHaveLength(2)
      for (const wrapper of children) {
        const pid = processTree(wrapper).at(-1)
        const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1')
        const names = read('environ').split('\0').filter(Boolean)
        expect(names.filter((name) => !/^(MALLOC_|UV_|PWD=\/$)/.test(name))).toEqual([])
        const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
        // libuv keeps one in reserve: of nothing, or of the empty root of level A.
        expect(targets.filter((target) => target.startsWith('/') && !['/dev/null', '/'].includes(target))).toEqual([])
        expect(targets.filter((target) => target.includes('io_uring') && level < 'C')).toEqual([])
        expect(/^Uid:\s+(\d+)/m.exec(read('status'))?.[1]).toBe(String(isRoot ? 58_222 : process.getuid?.()))
        expect(read('oom_score_adj').trim()).toBe('1000')
        expect(read('limits')).toMatch(/^Max core file size\s+0\s+0/m)
        expect(read('limits')).toMatch(/^Max file size\s+67108864/m)
      }
    },
  )

  /**
   * Of the catalog only a few: what is refused costs every level a new pair of children. And no bombs: how long they take
   * is not the question here.
   */
  const images: readonly (readonly [string, () => Uint8Array])[] = [
    ['JPEG', () => fixture('jpeg')],
    ['JPEG in CMYK', () => fixture('jpegCmyk')],
    ['JPEG in Display P3', () => fixture('jpegP3')],
    ['JPEG with metadata, turned', () => loadedJpeg(6)],
    ['PNG', () => ordinaryPng()],
    ['a PNG whose answer is longer than what a socket holds', () => ordinaryPng(1_600, 1_250)],
    ['PNG with metadata', () => loadedPng()],
    ['WebP with alpha', () => fixture('webp')],
    ['lossless WebP', () => fixture('webpLossless')],
    ['animated WebP', () => fixture('webpAnimated')],
    ['animated GIF', () => animatedGif(96, 4)],
    ...HOSTILE_IMAGES.filter(
      ({ group, expect: outcome }, index) => group !== 'B' && index % (outcome === 'clean' ? 3 : 8) === 0,
    ).map(({ name, bytes }) => [name, bytes] as const),
  ]

  /** The bytes of a clean file may differ: WebAssembly rounds differently. The policy version names the settings. */
  const comparable = (verdict: SanitizeVerdict | undefined) => {
    if (verdict?.outcome === 'clean') {
      const { outcome, format, widthPx, heightPx, frames } = verdict
      return { outcome, format, widthPx, heightPx, frames }
    }
    return verdict?.outcome === 'refused' ? [verdict.reason, verdict.inputFormat] : verdict?.outcome
  }

  test('gives the same file the same verdict', async () => {
    const [first, ...others] = LEVELS
    for (const [name, bytes] of images) {
      const file = bytes()
      const verdicts = await Promise.all(
        LEVELS.map(async (level) => [level, await at.get(level)?.sanitize(file, 'image')] as const),
      )
      const seen = Object.fromEntries(verdicts.map(([level, verdict]) => [level, comparable(verdict)]))
      for (const level of others) expect([name, level, seen[level]]).toEqual([name, level, seen[first ?? 'D']])
    }
  }, 60_000)
})

describe('the level is the strongest that works', () => {
  const choose = (settings: Record<string, string>, works: (level: SandboxLevel) => boolean) => {
    const config = loadConfig(sanitizerConfig, { env: { DRAWBRIDGE_SANITIZER_SOCKET: '/nowhere', ...settings } })
    return startAtStrongestLevel(config, { emptyDir: '/', log: silentLog }, async ({ level }) => {
      if (!works(level)) throw new Error(`${level} is broken here`)
      return level
    })
  }
  const minimum = (level: SandboxLevel) => ({ DRAWBRIDGE_SANITIZER_MIN_SANDBOX: level })
  const wanted = (level: SandboxLevel) => ({ DRAWBRIDGE_SANITIZER_SANDBOX: level })

  test('the next one is used, and why is remembered', async () => {
    const { started, skipped } = await choose({}, (level) => level === 'C')
    expect(started).toBe('C')
    expect(skipped.map(({ level }) => level)).toEqual(['A', 'B'])
    for (const { why } of skipped) expect(why).toMatch(/is broken here|not installed|needs Linux/)
  })

  test('never one below the minimum', async () => {
    await expect(choose(minimum('B'), (level) => level === 'C')).rejects.toThrow(/^no sandbox .* works here .A: .*B: /)
    await expect(choose({ ...minimum('B'), ...wanted('C') }, () => true)).rejects.toThrow(
      'DRAWBRIDGE_SANITIZER_SANDBOX=C is below DRAWBRIDGE_SANITIZER_MIN_SANDBOX=B',
    )
  })

  test('never none by itself: that needs two switches', async () => {
    await expect(choose({}, () => false)).rejects.toThrow('docs/operate/sandbox.md')
    await expect(choose(wanted('D'), () => true)).rejects.toThrow('DRAWBRIDGE_SANITIZER_ALLOW_WEAK=true')
    const { started } = await choose({ ...wanted('D'), DRAWBRIDGE_SANITIZER_ALLOW_WEAK: 'true' }, () => true)
    expect(started).toBe('D')
  })

  test('the sanitizer does not start below its minimum, and says so in one sentence', async () => {
    await using place = await temporarySocket()
    await expect(startProcess(place.socket, { ...minimum('A'), ...wanted('B') })).rejects.toThrow(
      'is below DRAWBRIDGE_SANITIZER_MIN_SANDBOX=A. docs/operate/sandbox.md says what each level needs.',
    )
  })
})
