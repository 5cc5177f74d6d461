import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { buildGenerator } from './generator.ts'
import type { Generator } from './generator.ts'
import { residentBytes } from './heap.ts'
import { holdSession, signInByScram } from './scram.ts'
import { CONTENDERS, PASSWORD, ROOM } from './servers.ts'
import type { Contender, LoadedServer } from './servers.ts'

const USERS = 200
/** Idle people, and how many devices each of them has. */
const IDLE = 250
const DEVICES = 8
/** Held beforehand, so that what a server keeps for all of them is there. */
const IDLE_BEFORE = 100
const SIGN_INS = 1_000
const SECONDS = '5'
const WARM_UP = '2'
const TICKS_PER_SECOND = 100
/** For what comes after a sign-in, before memory is looked at. */
const SETTLE_MS = 2_000

/**
 * `peers.ts [NAME]`: the same work for Drawbridge and for its peers, one after the other on the same machine. What counts are the ratios
 * within one run; times are those of the server's processes, without the database's.
 */
const rows = new Map<string, string[]>()

if (availableParallelism() < 2) throw new Error('two cores are needed: one for the server, one for the generator')
const directory = await mkdtemp(join(tmpdir(), 'drawbridge-load-'))
const generator = buildGenerator(directory)
if (!generator) {
  process.stdout.write('Left out: the source of the load generator is not here (DRAWBRIDGE_LOAD_GENERATOR names it).\n')
} else {
  const [only] = process.argv.slice(2)
  const present = CONTENDERS.filter((contender) => {
    if (only !== undefined && contender.name !== only) return false
    const missing = contender.missing()
    if (missing !== undefined) process.stdout.write(`${contender.name} is left out: ${missing}.\n`)
    return missing === undefined
  })
  for (const contender of present) await measure(contender, generator)
  process.stdout.write(`| work | ${present.map(({ name }) => name).join(' | ')} |\n`)
  process.stdout.write(`| --- |${present.map(() => ' --- |').join('')}\n`)
  for (const [work, figures] of rows) process.stdout.write(`| ${work} | ${figures.join(' | ')} |\n`)
  process.stdout.write(`\nArchives: ${present.map(({ name, note }) => `${name}: ${note}`).join('; ')}.\n`)
}
await rm(directory, { recursive: true, force: true })

async function measure(contender: Contender, load: Generator): Promise<void> {
  const register = async (port: number, first: number, count: number) => {
    await load.run([
      '-m',
      'register',
      '-u',
      'u',
      '-p',
      String(port),
      '-f',
      String(first),
      '-n',
      String(count),
      '-c',
      '4',
    ])
  }
  const start = (hasArchive: boolean) =>
    contender.start(join(directory, `${contender.name}-${hasArchive}`), hasArchive, register)
  const record = (work: string, figure: string) => {
    process.stderr.write(`${contender.name}: ${work}: ${figure}\n`)
    rows.set(work, [...(rows.get(work) ?? []), figure])
  }
  await using plain = await start(false)
  await plain.accounts(USERS)
  for (const window of ['1', '8']) {
    record(`chat, not archived, ${window} under way`, await chat(load, plain, window, false))
  }
  record(`room of ${USERS}, per delivery`, await room(load, plain))
  record(`sign-in by SCRAM, server CPU`, await signIns(plain))
  // Ours has no way to be without an archive; the peers get one.
  const ours = contender.name === 'Drawbridge'
  await using archiving = ours ? undefined : await start(true)
  const server = archiving ?? plain
  if (archiving) {
    await archiving.accounts(USERS)
  }
  for (const window of ['1', '8']) {
    record(`chat, archived, ${window} under way`, await chat(load, server, window, true))
  }
  await using fresh = await contender.start(join(directory, `${contender.name}-idle`), false, register)
  await fresh.accounts(IDLE)
  record(`idle session, of ${IDLE * DEVICES}`, await idle(fresh))
}

function options(server: LoadedServer, users: number): string[] {
  // A few sign-ins at once: the password is checked by a hash that is meant to be slow.
  return [
    '-c',
    '4',
    '-u',
    'u',
    '-p',
    String(server.port),
    '-n',
    String(users),
    ...server.pids.flatMap((pid) => ['-x', String(pid)]),
  ]
}

async function chat(load: Generator, server: LoadedServer, window: string, isStored: boolean): Promise<string> {
  const args = ['-m', 'chat', '-w', window, '-s', SECONDS, '-k', WARM_UP, ...options(server, USERS)]
  return figureOf(await load.run(args, isStored))
}

async function room(load: Generator, server: LoadedServer): Promise<string> {
  const args = ['-m', 'muc', '-M', ROOM, '-w', '1', '-s', SECONDS, '-k', WARM_UP, ...options(server, USERS)]
  return figureOf(await load.run(args))
}

/** `delivered 14,300/s, 55 µs, p99 25 ms` out of the generator's last line. */
function figureOf(line: string): string {
  const delivered = Number(/delivered (\d+)\/s/.exec(line)?.[1] ?? Number.NaN)
  const micros = /= ([\d.]+) us\/delivery/.exec(line)?.[1] ?? '?'
  const p99 = /p99 ([\d.]+)/.exec(line)?.[1] ?? '?'
  return `${delivered.toLocaleString('en')}/s, ${micros} µs, p99 ${p99} ms`
}

async function signIns(server: LoadedServer): Promise<string> {
  // What is compiled on the way is not a sign-in's share.
  for (let n = 0; n < USERS; n++) await signInByScram(server.port, `u${n}`, PASSWORD)
  const before = cpuSeconds(server.pids)
  let mechanism = ''
  for (let n = 0; n < SIGN_INS; n++) mechanism = await signInByScram(server.port, `u${n % USERS}`, PASSWORD)
  const ms = ((cpuSeconds(server.pids) - before) * 1_000) / SIGN_INS
  return `${ms.toFixed(2)} ms (${mechanism})`
}

/** How much a server grows by a session that says nothing: what is resident, and what is in its heap. */
async function idle(server: LoadedServer): Promise<string> {
  const sockets: Socket[] = []
  const hold = async (count: number) => {
    const names = Array.from({ length: count }, (_, n) => `u${n % IDLE}`)
    // A few at once: some servers check passwords by a hash that is meant to be slow.
    const lanes = Array.from({ length: 8 }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        sockets.push(await holdSession(server.port, name, PASSWORD))
      }
    })
    await Promise.all(lanes)
    await wait(SETTLE_MS)
    return { heap: await server.heapBytes?.(), resident: residentBytes(server.pids) }
  }
  const before = await hold(IDLE_BEFORE)
  const count = IDLE * DEVICES - IDLE_BEFORE
  const after = await hold(count)
  for (const socket of sockets) socket.destroy()
  const perSession = (bytes: number) => `${(bytes / count / 1024).toFixed(1)} KiB`
  const resident = `${perSession(after.resident - before.resident)} resident`
  if (after.heap === undefined || before.heap === undefined) return resident
  return `${resident}, ${perSession(after.heap - before.heap)} in the heap`
}

/** User and system time of these processes so far. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }, 0)
}
