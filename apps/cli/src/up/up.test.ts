import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLock, takeLock } from './lock.ts'
import { checkPorts } from './ports.ts'
import { type Part, type Running, supervise } from './supervise.ts'

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'drawbridge-up-'))))
afterEach(() => rmSync(directory, { recursive: true }))

test('a data directory in use is refused, and free again afterwards', () => {
  const path = join(directory, 'lock')
  const release = takeLock(path, directory)
  expect(() => takeLock(path, directory)).toThrow(`already running on ${directory} (process ${process.pid})`)
  release()
  expect(existsSync(path)).toBe(false)
})

test('the lock of a process that died is taken over, also when its number is in use again', () => {
  const path = join(directory, 'lock')
  writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: '1' }))
  expect(readLock(path)).toBeUndefined()
  takeLock(path, directory)()
})

test('a taken port is named together with the setting that changes it', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const config = { bind: '127.0.0.1', httpPort: 0, c2sPort: port, c2sTlsPort: 0 } as const
  await expect(checkPorts(config)).rejects.toThrow(
    `Port ${port} is taken by another program: stop it, or set DRAWBRIDGE_C2S_PORT to another port.`,
  )
  server.close()
  await expect(checkPorts({ ...config, c2sPort: 0 })).resolves.toBeUndefined()
})

test('two settings with one port are refused', async () => {
  const config = { bind: '127.0.0.1', httpPort: 0, c2sPort: 5999, c2sTlsPort: 5999 } as const
  await expect(checkPorts(config)).rejects.toThrow('DRAWBRIDGE_C2S_PORT and DRAWBRIDGE_C2S_TLS_PORT are both 5999')
})

/** A part whose runs are ended by the test. */
function scripted(outcomes: ('runs' | 'fails')[]) {
  const runs: { end: (how: string) => void; isStopped: boolean }[] = []
  const started: (() => void)[] = []
  const part: Part<Running> = {
    name: 'The part',
    start() {
      if ((outcomes.shift() ?? 'runs') === 'fails') return Promise.reject(new Error('no luck'))
      const { promise, resolve } = Promise.withResolvers<string>()
      const run = { end: resolve, isStopped: false }
      runs.push(run)
      started.shift()?.()
      return Promise.resolve({
        ended: promise,
        stop: () => {
          run.isStopped = true
          resolve('exit code 0')
          return Promise.resolve()
        },
      })
    },
  }
  const nextStart = () => new Promise<void>((resolve) => void started.push(resolve))
  return { part, runs, nextStart }
}

test('a part that crashes is reported and started again until it works', async () => {
  const notes: string[] = []
  const { part, runs, nextStart } = scripted(['runs', 'fails', 'runs'])
  const again = new Promise<void>((onRestart) => {
    void supervise(part, { note: (line) => void notes.push(line), pauseMs: 1, onRestart }).then(() =>
      runs[0]?.end('signal SIGKILL'),
    )
  })
  await nextStart()
  await again
  expect(notes).toEqual([
    'The part ended unexpectedly (signal SIGKILL); starting it again.',
    'The part does not start: no luck',
    'The part is running again.',
  ])
})

test('a part that is stopped stays stopped, without a word', async () => {
  const notes: string[] = []
  const { part, runs } = scripted(['runs'])
  const supervised = await supervise(part, { note: (line) => void notes.push(line), pauseMs: 1 })
  await supervised.stop()
  expect([runs.map(({ isStopped }) => isStopped), notes]).toEqual([[true], []])
})

test('a first start that fails is the caller’s to report', async () => {
  await expect(supervise(scripted(['fails']).part, { note: () => {} })).rejects.toThrow('no luck')
})
