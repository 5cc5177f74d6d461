import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { SANDBOX_LEVELS, type SandboxLevel } from '@drawbridge/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Child } from '../src/children/child.ts'
import { hasBubblewrap } from '../src/children/launch.ts'
import { prepareLevel, sandboxAt, type Sandbox } from '../src/sandbox/choose.ts'
import { ATTACKS, GREED, type Attack, type AttackRequest, type AttackResult, type Targets } from './attacks.ts'

const MALICIOUS = fileURLToPath(new URL('malicious-child.ts', import.meta.url))
const CHILD_UID = 58_222
const HELLO_TIMEOUT_MS = 20_000
const MAX_MEMORY_BYTES = 300 * 1024 * 1024
const isRoot = process.getuid?.() === 0

const directory = mkdtempSync(join(tmpdir(), 'drawbridge-sandbox-'))
const emptyDir = join(directory, 'empty')
const listeners: Server[] = []
let targets: Targets

/** Everything is within reach of any user, so that what keeps the attacker from it is the sandbox alone. */
beforeAll(async () => {
  chmodSync(directory, 0o777)
  mkdirSync(emptyDir)
  const listenOn = async (where: string | 0) => {
    const server = createServer((socket) => socket.on('error', () => {}))
    listeners.push(server)
    server.listen(where === 0 ? { port: 0, host: '127.0.0.1' } : { path: where })
    await once(server, 'listening')
    if (where !== 0) chmodSync(where, 0o777)
    return server
  }
  targets = {
    secretFile: join(directory, 'quarantined'),
    openDir: directory,
    port: ((await listenOn(0)).address() as AddressInfo).port,
    sanitizerSocket: join(directory, 'sanitizer.sock'),
    postgresSocket: join(directory, '.s.PGSQL.5432'),
    parentPid: process.pid,
  }
  writeFileSync(targets.secretFile, 'what somebody else sent', { mode: 0o644 })
  for (const path of [targets.sanitizerSocket, targets.postgresSocket]) await listenOn(path)
})

afterAll(() => {
  for (const server of listeners) server.close()
  rmSync(directory, { recursive: true, force: true })
  console.log(tableOf(results))
})

const results = new Map<string, AttackResult>()

function tableOf(found: ReadonlyMap<string, AttackResult>): string {
  const columns = SANDBOX_LEVELS.flatMap((level) => (['main', 'pool'] as const).map((thread) => [level, thread]))
  const rows = ATTACKS.map((attack) => [
    attack,
    ...columns.map(([level, thread]) => found.get([level, thread, attack].join()) ?? '–'),
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const head = ['a decoder that was taken over', ...columns.map((column) => column.join(' '))]
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

interface Attacker extends AsyncDisposable {
  readonly child: Child
  readonly sandbox: Sandbox
  readonly attack: (attack: Attack, thread: AttackRequest['thread']) => Promise<AttackResult>
}

async function takenOver(level: SandboxLevel): Promise<Attacker> {
  await prepareLevel(level)
  const sandbox = sandboxAt({ level, emptyDir, scripts: () => MALICIOUS, ...(isRoot && { uid: CHILD_UID }) })
  const child = new Child('decoder', sandbox.launch('decoder', ['pipe', 'pipe', 'pipe', 'pipe']))
  const hello = await child.hello(HELLO_TIMEOUT_MS).catch((error: unknown) => {
    throw new Error(child.lastWords, { cause: error })
  })
  expect(sandbox.faultsOf(child.pid ?? 0, hello)).toEqual([])
  return {
    child,
    sandbox,
    async attack(attack, thread) {
      child.send(Buffer.from(JSON.stringify({ attack, thread, targets } satisfies AttackRequest)))
      const result = (await child.readFrame(1_024)).toString()
      results.set([level, thread, attack].join(), result)
      return result
    },
    async [Symbol.asyncDispose]() {
      child.kill('aborted', 'done')
      await child.exited
    },
  }
}

/** How an attack ends at each level, where that is not EPERM: by the kernel's word, or by Node's. */
const OTHERWISE: Readonly<Record<SandboxLevel, Partial<Record<Attack, string>>>> = {
  A: { 'open a thousand files': 'EMFILE', 'take 10 GiB of memory': 'ENOMEM' },
  B: { 'open a thousand files': 'EMFILE', 'take 10 GiB of memory': 'ENOMEM' },
  C: {
    'read /etc/passwd': 'ERR_ACCESS_DENIED',
    'read the quarantine': 'ERR_ACCESS_DENIED',
    'read the environment of its parent': 'ERR_ACCESS_DENIED',
    'write a file': 'ERR_ACCESS_DENIED',
    'start a process': 'ERR_ACCESS_DENIED',
    'run a program': 'ERR_ACCESS_DENIED',
    'make namespaces': 'ERR_ACCESS_DENIED',
    'trace its parent': 'ERR_DLOPEN_DISABLED',
    'use io_uring': 'ERR_DLOPEN_DISABLED',
    'open a thousand files': 'EMFILE',
    'take 10 GiB of memory': 'RangeError: Array buffer allocation failed',
    // Node has no permission for these; the next test shows that the codecs cannot ask for them.
    'connect over TCP': 'possible',
    'connect to the socket of the sanitizer': 'possible',
    'connect to the socket of PostgreSQL': 'possible',
    'signal its parent': isRoot ? 'EPERM' : 'possible',
  },
  D: {},
}

describe.each(['A', 'B', 'C'] as const)('WK-01: at level %s', (level) => {
  const canRun = level === 'C' || (process.platform === 'linux' && (level === 'B' || hasBubblewrap()))
  let attacker: Attacker
  beforeAll(async () => void (canRun && (attacker = await takenOver(level))))
  afterAll(async () => void (canRun && (await attacker[Symbol.asyncDispose]())))

  const expected = ATTACKS.map((attack) => [attack, OTHERWISE[level][attack] ?? 'EPERM'] as const)
  describe.skipIf(!canRun).each(['main', 'pool'] as const)(
    'a decoder that was taken over, on its %s thread',
    (thread) => {
      test.each(expected)('tries to %s: %s', async (attack, outcome) => {
        expect(await attacker.attack(attack, thread)).toBe(outcome)
      })
    },
  )

  test.skipIf(!canRun)('memory that it hoards is seen from outside, and it is killed', async () => {
    const { child } = attacker
    child.send(Buffer.from(JSON.stringify(GREED)))
    await expect.poll(() => child.residentBytes(), { timeout: 20_000 }).toBeGreaterThan(MAX_MEMORY_BYTES)
    child.kill('memory', 'enough')
    await child.exited
    await expect.poll(() => child.residentBytes()).toBe(0)
  })
})

test('without a sandbox the same attacks succeed: it is the level that denies them', async () => {
  await using attacker = await takenOver('D')
  for (const attack of ATTACKS) await attacker.attack(attack, 'main')
  for (const attack of ['read the quarantine', 'write a file', 'connect over TCP', 'run a program'] as const)
    expect([attack, results.get(['D', 'main', attack].join())]).toEqual([attack, 'possible'])
})

test('level C: the codecs reach no network and no process, because their code names neither', () => {
  const package_ = createRequire(import.meta.url).resolve('@img/sharp-wasm32/package')
  const glue = join(package_, '..', 'lib/sharp-wasm32-0.35.5.node.js')
  const named = [...readFileSync(glue, 'utf8').matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)
  expect(new Set(named)).toEqual(
    new Set([
      '@emnapi/runtime',
      ...['node:crypto', 'node:fs', 'node:os', 'node:path', 'node:tty', 'node:util', 'node:worker_threads'],
    ]),
  )
})
