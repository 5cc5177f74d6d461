import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeDirectory } from './directories.ts'
import { createHealth } from './health.ts'
import { silentLog } from './log.ts'
import { counter, describeMetrics, METRICS_CONTENT_TYPE, renderMetrics } from './metrics.ts'
import { createDirectories, paths } from './paths.ts'
import { createShutdown } from './shutdown.ts'

test('steps of a shutdown run in reverse, once, and the exit code is the one asked for', async () => {
  const seen: string[] = []
  const exits: number[] = []
  const shutdown = createShutdown({ log: silentLog, exit: (code) => void exits.push(code) })
  shutdown.onShutdown('first', async () => void seen.push('first'))
  shutdown.onShutdown('second', () => void seen.push('second'))
  await Promise.all([shutdown.stop(), shutdown.stop()])
  expect([seen, exits, shutdown.signal.aborted]).toEqual([['second', 'first'], [0], true])
})

test('a step that fails does not keep the others from stopping, and shows in the exit code', async () => {
  const seen: string[] = []
  const exits: number[] = []
  const shutdown = createShutdown({ log: silentLog, exit: (code) => void exits.push(code) })
  shutdown.onShutdown('database', () => void seen.push('database'))
  shutdown.onShutdown('http', () => Promise.reject(new Error('stuck')))
  await shutdown.stop()
  expect([seen, exits]).toEqual([['database'], [1]])
})

test('a shutdown that hangs is cut at its deadline', async () => {
  const cut = Promise.withResolvers<number>()
  const shutdown = createShutdown({ log: silentLog, deadlineMs: 5, exit: cut.resolve })
  shutdown.onShutdown('http', () => new Promise(() => {}))
  void shutdown.stop()
  expect(await cut.promise).toBe(1)
})

test('readiness names the check that fails, liveness does not care', async () => {
  const health = createHealth(5)
  health.add('live', 'loop', () => {})
  health.add('ready', 'database', () => Promise.reject(new Error('connection refused')))
  health.add('ready', 'sanitizer', () => new Promise(() => {}))
  expect(await health.live()).toEqual({ ok: true, checks: { loop: 'ok' } })
  expect(await health.ready()).toEqual({
    ok: false,
    checks: { loop: 'ok', database: 'connection refused', sanitizer: 'no answer in 5 ms' },
  })
})

test('a counter shows every series from the start', async () => {
  const count = counter('drawbridge_example_total', 'Examples.', { kind: ['a', 'b'] })
  count({ kind: 'a' })
  count({ kind: 'a' }, 2)
  const text = await renderMetrics()
  expect(METRICS_CONTENT_TYPE).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(text).toMatch(/\n# EOF\n$/u)
  expect(text).toContain('# TYPE drawbridge_example counter\n')
  expect(await renderMetrics()).toBe(text)
  expect(text).toContain('drawbridge_example_total{kind="a"} 3')
  expect(text).toContain('drawbridge_example_total{kind="b"} 0')
  expect(describeMetrics()).toContainEqual({
    name: 'drawbridge_example_total',
    help: 'Examples.',
    type: 'counter',
    labels: ['kind'],
  })
})

test('sockets stay below the length that the system allows', () => {
  expect(paths('/srv/im').adminSocket).toBe('/srv/im/run/admin.sock')
  const long = paths(`/${'deep/'.repeat(30)}data`)
  expect(Buffer.byteLength(long.sanitizerSocket)).toBeLessThanOrEqual(100)
  expect(paths(`/${'deep/'.repeat(30)}data`)).toEqual(long)
  expect(paths(`/${'deep/'.repeat(31)}data`).adminSocket).not.toBe(long.adminSocket)
})

test('directories of keys and sockets are closed to other accounts', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-paths-'))
  try {
    const at = paths(join(directory, 'data'))
    createDirectories(at)
    expect(statSync(at.secrets).mode & 0o777).toBe(0o700)
    expect(statSync(at.run).mode & 0o777).toBe(0o700)
    expect(existsSync(at.postgres)).toBe(false)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('one Ctrl-C that arrives twice stops once and forces nothing', async () => {
  const exits: number[] = []
  const stopped = Promise.withResolvers<void>()
  const shutdown = createShutdown({ log: silentLog, exit: (code) => void exits.push(code) })
  shutdown.onShutdown('http', () => stopped.promise)
  const before = new Set(process.listeners('SIGINT'))
  shutdown.listen()
  const added = process.listeners('SIGINT').filter((listener) => !before.has(listener))
  try {
    for (let times = 0; times < 2; times++) for (const listener of added) listener('SIGINT')
    stopped.resolve()
    await shutdown.stop()
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      for (const listener of added) process.removeListener(signal, listener)
    }
  }
  expect([added.length, exits]).toEqual([1, [0]])
})

test('a directory is made with all above it, and what cannot be made is told at once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-paths-'))
  try {
    makeDirectory(join(directory, 'a/b/c'), 0o700)
    makeDirectory(join(directory, 'a/b/c'), 0o711)
    expect(statSync(join(directory, 'a/b/c')).mode & 0o777).toBe(0o700)
    writeFileSync(join(directory, 'file'), '')
    expect(() => makeDirectory(join(directory, 'file'))).toThrow('EEXIST')
    expect(() => makeDirectory(join(directory, 'file/a'))).toThrow('ENOTDIR')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test.runIf(process.platform === 'linux')('a directory that /proc does not take ends in an error, not in a loop', () => {
  expect(() => createDirectories(paths('/proc/drawbridge/data'))).toThrow(
    '/proc/drawbridge/data cannot be used: it cannot be made where it is.',
  )
})
