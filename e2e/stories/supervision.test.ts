import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts, ROOT, type Stack, startStack } from '../support/stack.ts'

const CLI = join(ROOT, 'apps/cli/src/main.ts')

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end, whatever its exit code. */
function run(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, ...args],
      { cwd: ROOT, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
      },
    )
  })
}

/** Resolves when the log has this line after what it has now. */
async function logged(stack: Stack, from: number, line: string): Promise<void> {
  while (!stack.log().slice(from).includes(line)) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('while the service runs', () => {
  let stack: Stack
  beforeAll(async () => void (stack = await startStack()))
  afterAll(async () => stack?.[Symbol.asyncDispose]())

  test.each(['server', 'sanitizer'] as const)(
    'a crash of the %s is reported, and it is started again',
    async (part) => {
      const from = stack.log().length
      process.kill(stack.pidOf(part), 'SIGKILL')
      await logged(stack, from, `The ${part} is running again.`)
      expect(stack.log().slice(from)).toContain(`The ${part} ended unexpectedly (signal SIGKILL); starting it again.`)
      await expect(stack.cli('status')).resolves.toMatchObject({ state: 'ok' })
    },
  )

  test('a second one on the same data is refused with one sentence', async () => {
    const outcome = await run({ DRAWBRIDGE_DATA_DIR: stack.dataDir }, 'up')
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^Drawbridge is already running on \S+ \(process \d+\)\.\n$/)
  })

  test('an administrator imports a file of people and learns which rows were refused', async () => {
    const file = join(stack.dataDir, 'people.csv')
    const people = Array.from({ length: 60 }, (_, index) => `person${index},correct horse ${index}\n`)
    writeFileSync(file, `name,password\n${people.join('')}carol,\nbad name,correct horse battery\n`)
    const env = { DRAWBRIDGE_DATA_DIR: stack.dataDir }
    const first = await run(env, 'account', 'import', file, '--json')
    expect(JSON.parse(first.stdout)).toMatchObject({ created: 61, exists: 0, invalid: 1 })
    expect(first.stderr).toContain('line 63: "bad name" is refused')
    expect(first.code).toBe(1)
    const again = await run(env, 'account', 'import', file, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ created: 0, exists: 61, invalid: 1 })
  })

  test('wrong arguments end with code 2, a refusal with 1', async () => {
    const env = { DRAWBRIDGE_DATA_DIR: stack.dataDir }
    expect((await run(env, 'account', 'add')).code).toBe(2)
    expect((await run(env, 'accounts')).code).toBe(2)
    expect((await run(env, 'account', 'disable', 'nobody')).code).toBe(1)
    expect((await run(env, 'audit', 'verify')).code).toBe(0)
  })

  test('doctor finds nothing that fails', async () => {
    const findings = await stack.cli<{ name: string; level: string }[]>('doctor')
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([])
    expect(findings.map(({ name }) => name)).toContain('sanitizer')
  })

  test('a second start is ready in under 5 s', async () => {
    // The best of three: what counts is what the product takes, not what else the machine was busy with.
    let bestMs = Infinity
    for (let tries = 0; tries < 3 && bestMs > 5_000; tries++) {
      const startedAt = performance.now()
      await stack.restart()
      bestMs = Math.min(bestMs, performance.now() - startedAt)
    }
    expect(bestMs).toBeLessThan(5_000)
  })
})

describe('a start that cannot work ends with one sentence', () => {
  let directory: string
  beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'drawbridge-start-'))))
  afterAll(() => rmSync(directory, { recursive: true }))

  test('a taken port', async () => {
    const [port] = await freePorts(1)
    const taken = createServer().listen(port, '127.0.0.1')
    await once(taken, 'listening')
    const outcome = await run({ DRAWBRIDGE_DATA_DIR: join(directory, 'a'), DRAWBRIDGE_HTTP_PORT: String(port) }, 'up')
    taken.close()
    expect([outcome.code, outcome.stderr]).toEqual([
      1,
      `Port ${port} is taken by another program: stop it, or set DRAWBRIDGE_HTTP_PORT to another port.\n`,
    ])
  })

  test('a data directory that cannot be made', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const outcome = await run({ DRAWBRIDGE_DATA_DIR: join(file, 'data') }, 'up')
    expect(outcome.code).toBe(1)
    expect(outcome.stderr.trim().split('\n')).toEqual([expect.stringContaining('cannot be used')])
  })

  test('broken settings, all of them', async () => {
    const outcome = await run({ DRAWBRIDGE_HTTP_PORT: 'http', DRAWBRIDGE_REDIS_URL: 'cache' }, 'up')
    expect(outcome.code).toBe(1)
    expect(outcome.stderr.trim().split('\n')).toHaveLength(2)
  })

  test('a command without a running server', async () => {
    const outcome = await run({ DRAWBRIDGE_DATA_DIR: join(directory, 'b') }, 'account', 'list')
    expect([outcome.code, outcome.stderr]).toEqual([
      1,
      expect.stringMatching(/^No server is running on this data directory/),
    ])
  })
})

test('without its database it says what is wrong and what to do, waits, and ends with 1 when waiting is of no use', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-away-'))
  const [port = 0, httpPort = 0, c2sPort = 0, c2sTlsPort = 0] = await freePorts(4)
  const child = spawn(process.execPath, [CLI, 'up'], {
    cwd: ROOT,
    env: {
      ...process.env,
      DRAWBRIDGE_DATA_DIR: directory,
      DRAWBRIDGE_DATABASE_URL: `postgres://drawbridge:hunter2@127.0.0.1:${port}/nowhere`,
      DRAWBRIDGE_HTTP_PORT: String(httpPort),
      DRAWBRIDGE_C2S_PORT: String(c2sPort),
      DRAWBRIDGE_C2S_TLS_PORT: String(c2sTlsPort),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  let said = ''
  const waits = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('It is asked again every second')) resolve()
    })
  })
  await Promise.race([waits, ended])
  expect(said).toContain(`The database at 127.0.0.1:${port}/nowhere does not answer`)
  expect(said).toContain('set DRAWBRIDGE_DATABASE_URL')
  // It comes up, and has no such database (PostgreSQL §54.7, ErrorResponse): that is for somebody to correct.
  const fields = 'SFATAL\0C3D000\0Mdatabase "nowhere" does not exist\0\0'
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + fields.length)
  const database = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)])))
  })
  database.listen(port, '127.0.0.1')
  const [code] = (await ended) as [number | null]
  database.close()
  rmSync(directory, { recursive: true, force: true })
  expect(said).toContain('database "nowhere" does not exist')
  expect(said).toContain('correct DRAWBRIDGE_DATABASE_URL, or what it names, and start again.')
  expect(said).not.toContain('hunter2')
  expect(code).toBe(1)
})

test('when the supervisor is killed nothing is left behind that keeps the ports', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drawbridge-killed-'))
  const [http, c2s, c2sTls] = await freePorts(3)
  const env = {
    ...process.env,
    DRAWBRIDGE_DATA_DIR: dataDir,
    DRAWBRIDGE_HTTP_PORT: String(http),
    DRAWBRIDGE_C2S_PORT: String(c2s),
    DRAWBRIDGE_C2S_TLS_PORT: String(c2sTls),
  }
  const start = async () => {
    const child = spawn(process.execPath, [CLI, 'up', '--json'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`ended with ${code} before it was ready`)),
    )
    await Promise.race([once(child.stdout, 'data'), ended])
    // From here on ending is what the test is about.
    ended.catch(() => {})
    return child
  }
  const first = await start()
  const parts = readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8').trim().split(' ').map(Number)
  first.kill('SIGKILL')
  await Promise.all(parts.map(gone))
  const second = await start()
  second.kill('SIGTERM')
  expect(await once(second, 'exit')).toEqual([0, null])
  rmSync(dataDir, { recursive: true })
})

/** Resolves when there is no such process, or only its remains. */
async function gone(pid: number): Promise<void> {
  const isThere = () => {
    try {
      return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  while (isThere()) await new Promise((resolve) => setTimeout(resolve, 20))
}
