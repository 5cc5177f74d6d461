import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { fixture, ordinaryPng } from '@drawbridge/testkit/images'
import { createSanitize, ImageBudgetSpent, SanitizerUnavailable } from '@drawbridge/runtime'
import { describe, expect, test } from 'vitest'
import type { SanitizerHealth } from '../src/health.ts'
import { get, plainLauncher, startInProcess, startProcess, temporarySocket } from './process.ts'

describe('the process', () => {
  test('starts fast, says what it is, and stops without a trace', async () => {
    await using place = await temporarySocket()
    const sanitizer = await startProcess(place.socket, { DRAWBRIDGE_SANITIZER_CHILDREN: '2' })
    expect(statSync(place.socket).mode & 0o777).toBe(0o600)
    expect(await sanitizer.health()).toMatchObject({
      status: 'ok',
      formats: ['jpeg', 'png', 'webp', 'gif'],
      sandbox: { denied: ['read', 'write', 'connect', 'spawn', 'signal', 'ptrace'], possible: [], isWeak: false },
      selfTest: { accepted: { jpeg: true, gif: true }, refused: { svg: true, tiff: true, avif: true } },
      children: { local: { size: 2, idle: 2 }, remote: { idle: 0 }, fetched: { idle: 0 } },
    })
    const children = sanitizer.childPids()
    expect(children).toHaveLength(4)
    await sanitizer[Symbol.asyncDispose]()
    expect(sanitizer.process.exitCode).toBe(0)
    expect(existsSync(place.socket)).toBe(false)
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
    expect(sanitizer.startMs).toBeLessThan(10_000)
  })

  test('takes over the socket of a process that was killed, never that of one that lives', async () => {
    await using place = await temporarySocket()
    const killed = await startProcess(place.socket)
    killed.process.kill('SIGKILL')
    await once(killed.process, 'exit')
    expect(existsSync(place.socket)).toBe(true)
    await using sanitizer = await startProcess(place.socket)
    expect(await sanitizer.sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
    await expect(startProcess(place.socket)).rejects.toThrow('another sanitizer is listening')
    expect(await sanitizer.sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
  })

  test('does not start with a setting that it cannot use', async () => {
    await using place = await temporarySocket()
    await expect(startProcess(place.socket, { DRAWBRIDGE_SANITIZER_CHILDREN: 'many' })).rejects.toThrow(
      'DRAWBRIDGE_SANITIZER_CHILDREN',
    )
  })

  test('does not delete a file that is no socket', async () => {
    await using place = await temporarySocket()
    writeFileSync(place.socket, 'precious')
    await expect(startProcess(place.socket)).rejects.toThrow('is not a socket')
    expect(statSync(place.socket).size).toBe(8)
  })
})

describe('requests', () => {
  test('refusals are problem documents with a reason', async () => {
    await using sanitizer = await startInProcess({})
    const post = (body: Buffer, query = '?profile=image') =>
      get(sanitizer.socket, `/sanitize${query}`, { method: 'POST', body })
    const svg = await post(Buffer.from('<svg/>'))
    expect([svg.status, svg.type]).toEqual([415, 'application/problem+json'])
    expect(JSON.parse(svg.body)).toMatchObject({
      type: '/problems/image-rejected',
      status: 415,
      reason: 'unsupported',
      inputFormat: 'svg',
    })
    const cut = await post(fixture('jpeg').subarray(0, 250))
    expect([cut.status, (JSON.parse(cut.body) as { reason: string }).reason]).toEqual([422, 'corrupt'])
    const large = await post(Buffer.concat([ordinaryPng(), Buffer.alloc(300_000)]), '?profile=inline')
    expect([large.status, (JSON.parse(large.body) as { reason: string }).reason]).toEqual([413, 'too-large'])
    expect((await post(Buffer.from('hello'))).status).toBe(204)
    expect((await post(ordinaryPng())).status).toBe(200)
    for (const query of ['?profile=poster', '?origin=moon', '?bulk=yes', '?payer=a&pixels=-1', '?surprise=1']) {
      expect((await post(ordinaryPng(), query)).status).toBe(400)
    }
    expect((await get(sanitizer.socket, '/sanitize')).status).toBe(405)
    expect((await get(sanitizer.socket, '/')).status).toBe(404)
  })

  test('a file far over the limit is refused, however much of it is still under way', async () => {
    await using sanitizer = await startInProcess({})
    const sanitize = createSanitize(sanitizer.socket)
    const large = Buffer.concat([fixture('jpeg'), Buffer.alloc(60_000_000)])
    for (let i = 0; i < 3; i++) {
      expect(await sanitize(large, 'image')).toMatchObject({ outcome: 'refused', reason: 'too-large' })
    }
    expect(await sanitize(Buffer.alloc(60_000_000, 'text '), 'image')).toEqual({ outcome: 'not-an-image' })
    expect(await sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
  })

  test('too many at once are told to come back', async () => {
    await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_QUEUE: '2' }, plainLauncher(tmpdir()))
    const sanitize = createSanitize(sanitizer.socket)
    // The first holds the only place for as long as its decoder stands still.
    const [decoder = 0] = sanitizer.pids.decoder
    process.kill(decoder, 'SIGSTOP')
    const { promise: allTold, resolve } = Promise.withResolvers<void>()
    const failures: unknown[] = []
    const requests = Array.from({ length: 8 }, () =>
      sanitize(ordinaryPng(), 'image').catch((error: unknown) => void (failures.push(error) === 5 && resolve())),
    )
    await allTold
    process.kill(decoder, 'SIGCONT')
    expect((await Promise.all(requests)).filter((verdict) => verdict?.outcome === 'clean')).toHaveLength(3)
    expect(failures).toHaveLength(5)
    for (const failure of failures) expect(failure).toBeInstanceOf(SanitizerUnavailable)
    expect(await sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
  })
})

describe('who waits, and who has had enough', () => {
  test('an image that waits hears how many are ahead of it', async () => {
    await using sanitizer = await startInProcess({}, plainLauncher(tmpdir()))
    const sanitize = createSanitize(sanitizer.socket)
    const [decoder = 0] = sanitizer.pids.decoder
    process.kill(decoder, 'SIGSTOP')
    const { promise: bothWait, resolve } = Promise.withResolvers<void>()
    const heard: number[][] = [[], [], []]
    const images = heard.map((ahead) =>
      sanitize(ordinaryPng(), 'image', { onQueued: (count) => void (ahead.push(count), count === 1 && resolve()) }),
    )
    await bothWait
    process.kill(decoder, 'SIGCONT')
    for (const verdict of await Promise.all(images)) expect(verdict).toMatchObject({ outcome: 'clean' })
    // Whichever came first never waited; whichever came last saw the one before it go.
    expect(heard.map((ahead) => ahead.join(' ')).toSorted((a, b) => a.length - b.length)).toEqual(['', '0', '1 0'])
  })

  test('UP-07: pixels are charged from the header, before any work; others are not held up', async () => {
    await using sanitizer = await startInProcess({})
    const sanitize = createSanitize(sanitizer.socket)
    const payer = { key: 'alice', pixelsPerMinute: 250_000, cpuMsPerMinute: 60_000 }
    const image = ordinaryPng(400, 400)
    expect(await sanitize(image, 'image', { payer })).toMatchObject({ outcome: 'clean' })
    const spent = await sanitize(image, 'image', { payer }).catch((error: unknown) => error)
    expect(spent).toBeInstanceOf(ImageBudgetSpent)
    expect((spent as ImageBudgetSpent).retryAfterMs).toBeGreaterThan(10_000)
    expect(await sanitize(image, 'image', { payer: { ...payer, key: 'bob' } })).toMatchObject({ outcome: 'clean' })
    expect(await sanitize(image, 'image')).toMatchObject({ outcome: 'clean' })
  })

  test('what is refused by its header costs no children, and no budget', async () => {
    await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_MAX_PIXELS: '100000' })
    const sanitize = createSanitize(sanitizer.socket)
    const payer = { key: 'alice', pixelsPerMinute: 90_000, cpuMsPerMinute: 60_000 }
    for (let i = 0; i < 5; i++) {
      expect(await sanitize(ordinaryPng(500, 500), 'image', { payer })).toMatchObject({ reason: 'too-large' })
    }
    expect(await sanitize(ordinaryPng(300, 300), 'image', { payer })).toMatchObject({ outcome: 'clean' })
  })

  test('images of other servers, and fetched ones, have children of their own, which start with the first', async () => {
    await using sanitizer = await startInProcess({})
    const sanitize = createSanitize(sanitizer.socket)
    const local = sanitizer.pids.decoder
    for (const origin of ['remote', 'fetched'] as const) {
      expect(await sanitize(ordinaryPng(), 'image', { origin })).toMatchObject({ outcome: 'clean' })
    }
    expect(sanitizer.pids.decoder).toHaveLength(3)
    expect(sanitizer.pids.decoder).toEqual(expect.arrayContaining([...local]))
    const health = JSON.parse((await get(sanitizer.socket, '/health')).body) as SanitizerHealth
    expect(health.children).toMatchObject({ local: { started: 1 }, remote: { started: 1 }, fetched: { started: 1 } })
  })
})

describe('the client', () => {
  test('says that nobody answers', async () => {
    await using place = await temporarySocket()
    await expect(createSanitize(place.socket)(ordinaryPng(), 'image')).rejects.toThrow(SanitizerUnavailable)
  })

  test('does not wait for ever', async () => {
    await using place = await temporarySocket()
    const silent = createServer(() => {}).listen(place.socket)
    await once(silent, 'listening')
    await expect(createSanitize(place.socket, { timeoutMs: 50 })(ordinaryPng(), 'image')).rejects.toThrow(
      'no answer after 50 ms',
    )
    silent.closeAllConnections()
    silent.close()
  })

  test('takes no verdict from an answer that it does not understand', async () => {
    await using place = await temporarySocket()
    const answers = [
      [200, { 'content-type': 'text/html' }, '<script>'],
      [200, { 'content-type': 'image/png', 'x-drawbridge-input-format': 'png' }, 'x'],
      [422, {}, '{}'],
      [422, {}, 'not JSON'],
      [500, {}, ''],
      [302, { location: '/' }, ''],
    ] as const
    let next = 0
    const odd = createServer((request, response) => {
      request.resume().once('end', () => {
        const [status, headers, body] = answers[next++] ?? answers[0]
        response.writeHead(status, headers).end(body)
      })
    }).listen(place.socket)
    await once(odd, 'listening')
    const sanitize = createSanitize(place.socket)
    for (const _ of answers) await expect(sanitize(ordinaryPng(), 'image')).rejects.toThrow(SanitizerUnavailable)
    odd.closeAllConnections()
    odd.close()
  })

  test('passes on that the caller has given up', async () => {
    await using sanitizer = await startInProcess({})
    const sanitize = createSanitize(sanitizer.socket)
    const gone = new AbortController()
    const waiting = sanitize(ordinaryPng(3_000, 3_000), 'image', { signal: gone.signal })
    setImmediate(() => gone.abort(new Error('the sender hung up')))
    await expect(waiting).rejects.toThrow('the sender hung up')
    expect(await sanitize(ordinaryPng(), 'image')).toMatchObject({ outcome: 'clean' })
  })
})
