import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openPage, signIn, startBrowser } from '../support/browser.ts'
import { freePorts, ROOT } from '../support/stack.ts'

const run = promisify(execFile)

test('from a fresh clone, `npm start` reaches a signed-in browser without a manual step, and starts fast the second time', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clone-'))
  // Started by root, PostgreSQL runs as another account and has to pass through.
  await chmod(directory, 0o711)
  const clone = join(directory, 'drawbridge')
  await run('git', ['clone', '--quiet', ROOT, clone])
  const [http, c2s, c2sTls] = await freePorts(3)
  const env = {
    ...process.env,
    // A person's shell has none of what this test run was started with.
    NODE_PATH: '',
    DRAWBRIDGE_HTTP_PORT: String(http),
    DRAWBRIDGE_C2S_PORT: String(c2s),
    DRAWBRIDGE_C2S_TLS_PORT: String(c2sTls),
  }
  const browser = await startBrowser()
  const started: Started[] = []
  try {
    const first = await start(clone, env)
    started.push(first)
    const [, password] = /admin@localhost\s+(\S+)/.exec(first.output()) ?? []
    expect(password, first.output()).toBeDefined()
    const admin = await openPage(browser, `http://localhost:${http}`)
    await signIn(admin, 'admin', password ?? '')
    await admin.page.getByRole('heading', { name: 'Conversations', exact: true }).waitFor()
    expect(admin.faults).toEqual([])
    await admin.context.close()
    await first.stop()
    // A clean stop leaves nothing behind that says somebody is still there.
    expect(existsSync(join(clone, 'data', 'postgres', 'postmaster.pid'))).toBe(false)
    expect(existsSync(join(clone, 'data', 'run', 'drawbridge.lock'))).toBe(false)

    const second = await start(clone, env)
    started.push(second)
    console.log(
      `npm start: ${Math.round(first.readyMs)} ms from a fresh clone, ${Math.round(second.readyMs)} ms the second time`,
    )
    expect(second.output()).not.toMatch(/admin@localhost/)
    await second.stop()
  } finally {
    for (const running of started) await running.stop()
    await browser.close()
    await rm(directory, { recursive: true, force: true })
  }
})

interface Started {
  readonly readyMs: number
  output(): string
  /** Ctrl-C, and waits until every process of the group has ended. */
  stop(): Promise<void>
}

/** `npm start`, as the README says, up to the line that says it is ready. */
async function start(directory: string, env: NodeJS.ProcessEnv): Promise<Started> {
  const startedAt = performance.now()
  // A process group of its own, as a terminal gives it: Ctrl-C goes to all of it.
  const child = spawn('npm', ['start'], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`
      if (line.includes('Ctrl-C')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)))
  })
  return {
    readyMs: performance.now() - startedAt,
    output: () => output,
    async stop() {
      if (!isAlive(child.pid!)) return
      process.kill(-child.pid!, 'SIGINT')
      // npm itself dies of the signal at once; what it started takes the time it needs.
      await expect.poll(() => isAlive(child.pid!), { timeout: 30_000, interval: 50 }).toBe(false)
    },
  }
}

/** Whether any process of the group is left. */
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}
