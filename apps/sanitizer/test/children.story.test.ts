import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { fixture, ordinaryPng } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChildHandle, ChildStdio, Launch } from '../src/children/launch.ts'
import { DECODER_FDS, ENCODER_FDS, type Stage } from '../src/children/protocol.ts'
import type { SanitizerHealth } from '../src/health.ts'
import type { Sanitizer } from '../src/server.ts'
import { DECODER_LIES, ENCODER_LIES, FIRST_WIDTH, HEIGHT, LATE_LIE, LIES, type Lie } from './lies.ts'
import { get, plainLauncher, startInProcess } from './process.ts'

const LIARS = {
  decoder: fileURLToPath(new URL('lying-decoder.ts', import.meta.url)),
  encoder: fileURLToPath(new URL('lying-encoder.ts', import.meta.url)),
} as const
const startLiar = (stage: keyof typeof LIARS, stdio: ChildStdio) =>
  spawn(process.execPath, [LIARS[stage]], { stdio: [...stdio] })
const honest = plainLauncher(tmpdir())

/** Honest children for the self-test; then those that `launch` makes. Counts what was started. */
function switchable(): { launch: Launch; started: Stage[]; next: Launch } {
  const state: { launch: Launch; started: Stage[]; next: Launch } = {
    started: [],
    next: honest,
    launch: (stage, stdio) => {
      state.started.push(stage)
      return state.next(stage, stdio)
    },
  }
  return state
}

/** Kills a child as soon as it has been given an image. */
function killedAtWork(stage: Stage, handle: ChildHandle): ChildHandle {
  const fds = stage === 'decoder' ? DECODER_FDS : ENCODER_FDS
  const requests = handle.stdio[fds.requests] as Writable
  const write = requests.write.bind(requests)
  requests.write = (chunk: Uint8Array) => {
    const isTaken = write(chunk)
    setImmediate(() => process.kill(handle.pid ?? 0, 'SIGKILL'))
    return isTaken
  }
  return handle
}

describe('a child that dies', () => {
  test.each(['decoder', 'encoder'] as const)(
    'WK-02: a %s killed at its work is replaced, and the image arrives',
    async (victim) => {
      const children = switchable()
      await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_REUSE: '4' }, children.launch)
      // The self-test took four jobs, so the pool is starting its next child: that one will die.
      let isFirst = true
      children.next = (stage, stdio) => {
        const handle = honest(stage, stdio)
        if (stage !== victim || !isFirst) return handle
        isFirst = false
        return killedAtWork(stage, handle)
      }
      const [pid] = sanitizer.pids[victim]
      process.kill(pid ?? 0, 'SIGKILL')
      const verdicts = [
        await sanitizer.sanitize(ordinaryPng(), 'image'),
        await sanitizer.sanitize(ordinaryPng(), 'image'),
      ]
      expect(verdicts.map(({ outcome }) => outcome)).toEqual(['clean', 'clean'])
      expect(isFirst).toBe(false)
    },
  )

  test('every idle child killed at once is replaced before the next image', async () => {
    await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_CHILDREN: '2' })
    const before = [...sanitizer.pids.decoder, ...sanitizer.pids.encoder]
    expect(before).toHaveLength(4)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    expect(await sanitizer.sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
    expect(before.filter((pid) => [...sanitizer.pids.decoder, ...sanitizer.pids.encoder].includes(pid))).toEqual([])
  })
})

/** Widths of the test's images, by which a lying child knows what to say. */
const widthFor = (lie: Lie) => FIRST_WIDTH + LIES.indexOf(lie)

describe.each(['decoder', 'encoder'] as const)('a %s that lies', (stage) => {
  const children = switchable()
  let sanitizer: Sanitizer

  beforeAll(async () => {
    sanitizer = await startInProcess(
      {
        DRAWBRIDGE_SANITIZER_MAX_MEMORY: '250MiB',
        DRAWBRIDGE_SANITIZER_DECODER_TIMEOUT: '1s',
        DRAWBRIDGE_SANITIZER_ENCODER_TIMEOUT: '1s',
      },
      children.launch,
    )
    children.next = (wanted, stdio) => (wanted === stage ? startLiar(stage, stdio) : honest(wanted, stdio))
    for (const pid of sanitizer.pids[stage]) process.kill(pid, 'SIGKILL')
  })
  afterAll(() => sanitizer[Symbol.asyncDispose]())

  test.each(stage === 'decoder' ? DECODER_LIES : ENCODER_LIES)('WK-01: %s', async (lie) => {
    const { length } = children.started
    const verdict = await sanitizer.sanitize(ordinaryPng(widthFor(lie), HEIGHT), 'image')
    // The sender learns nothing about how it failed.
    expect(verdict).toMatchObject({ outcome: 'refused', reason: 'failed', inputFormat: 'png' })
    expect(children.started.slice(length).filter((started) => started === stage).length).toBeGreaterThanOrEqual(2)
  })

  test('WK-03: a file that cost two children does not get two more', async () => {
    const { length } = children.started
    expect(await sanitizer.sanitize(ordinaryPng(widthFor('nothing, and closes'), HEIGHT), 'image')).toMatchObject({
      reason: 'failed',
    })
    expect(children.started.length).toBe(length)
  })

  test('an honest child serves the next image', async () => {
    children.next = honest
    for (const pid of sanitizer.pids[stage]) process.kill(pid, 'SIGKILL')
    expect(await sanitizer.sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
  })
})

describe('a decoder that writes more than its image', () => {
  test('WK-01: not one of those bytes becomes a pixel of the next image, whose pair is a new one', async () => {
    const children = switchable()
    await using sanitizer = await startInProcess({}, children.launch)
    children.next = (stage, stdio) => (stage === 'decoder' ? startLiar(stage, stdio) : honest(stage, stdio))
    for (const pid of sanitizer.pids.decoder) process.kill(pid, 'SIGKILL')
    // The first may still meet the dead one, and then gets a pair for itself alone.
    await sanitizer.sanitize(ordinaryPng(60, HEIGHT), 'image')
    const [liar] = sanitizer.pids.decoder
    expect(await sanitizer.sanitize(ordinaryPng(widthFor(LATE_LIE), HEIGHT), 'image')).toMatchObject({
      outcome: 'clean',
    })
    expect(sanitizer.pids.decoder).toEqual([liar])
    children.next = honest
    // The liar decodes this one truthfully, to gray; what is left in the socket comes before it.
    const sent = ordinaryPng(60, HEIGHT)
    const verdict = await sanitizer.sanitize(sent, 'image')
    if (verdict.outcome !== 'clean') throw new Error(JSON.stringify(verdict))
    const pixels = (bytes: Uint8Array) => sharp(bytes).removeAlpha().raw().toBuffer()
    expect((await pixels(verdict.bytes)).equals(await pixels(sent))).toBe(true)
    expect(sanitizer.pids.decoder).not.toContain(liar)
  })
})

test('a file larger than any pipe comes out whole, also where workers have made the pipes non-blocking', async () => {
  await using sanitizer = await startInProcess({}, honest)
  const raw = { width: 1_200, height: 1_000, channels: 3 } as const
  const sent = await sharp(randomBytes(3_600_000), { raw }).png({ compressionLevel: 0 }).toBuffer()
  const verdict = await sanitizer.sanitize(sent, 'image')
  if (verdict.outcome !== 'clean') throw new Error(JSON.stringify(verdict))
  const pixels = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer()
  expect((await pixels(verdict.bytes)).equals(await pixels(sent))).toBe(true)
})

describe('children are replaced', () => {
  test('after every refusal by the decoder', async () => {
    await using sanitizer = await startInProcess({})
    const before = sanitizer.pids
    const cut = fixture('jpeg').subarray(0, 300)
    expect(await sanitizer.sanitize(cut, 'image')).toMatchObject({ reason: 'corrupt' })
    expect(sanitizer.pids.decoder).not.toEqual(before.decoder)
    expect(sanitizer.pids.encoder).not.toEqual(before.encoder)
  })

  test('after every image, when the operator wants it so', async () => {
    await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_REUSE: '1' })
    const seen = new Set<number>()
    for (let image = 0; image < 2; image++) {
      expect(await sanitizer.sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
      for (const pid of [...sanitizer.pids.decoder, ...sanitizer.pids.encoder]) seen.add(pid)
    }
    expect(seen.size).toBe(4)
  })

  test('when they have been idle for long', async () => {
    await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_IDLE: '1ms' })
    const started = async () => {
      const { children } = JSON.parse((await get(sanitizer.socket, '/health')).body) as SanitizerHealth
      return children.local.started
    }
    // Those of the self-test; a child that has not worked yet may wait as long as it likes.
    await expect.poll(started, { timeout: 5_000 }).toBeGreaterThanOrEqual(2)
  })

  test('when whoever asked has gone', async () => {
    await using sanitizer = await startInProcess({})
    const [before] = sanitizer.pids.decoder
    const gone = new AbortController()
    const waiting = sanitizer.sanitize(ordinaryPng(3_000, 3_000), 'image', { signal: gone.signal })
    setImmediate(() => gone.abort(new Error('gone')))
    await expect(waiting).rejects.toThrow('gone')
    expect(sanitizer.pids.decoder).not.toContain(before)
    expect(await sanitizer.sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
  })
})

test('the forbidden samples of the self-test are pictures that would decode if nothing were blocked', async () => {
  const { FORBIDDEN_SAMPLES } = await import('../src/child/samples.ts')
  for (const format of ['svg', 'svgz', 'tiff', 'avif'] as const) {
    const { info } = await sharp(Buffer.from(FORBIDDEN_SAMPLES[format], 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info.width).toBe(2)
  }
})
