import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { eachOf, hold, quantile, TurnedBack } from '../load/held.ts'
import type { Held } from '../load/held.ts'
import { cpuMsOf } from './crowd.ts'
import type { Crowd } from './crowd.ts'
import { ROOT } from './stack.ts'

/** Long against the hundredths of a second in which the kernel counts. */
const WINDOW_MS = 4_000

interface Applied {
  readonly effect: { readonly epoch: number; readonly appliedMs: number; readonly disconnected: number }
}

export interface LockOutShow {
  readonly hit: number
  /** From the commit (the database's clock, on this machine) to the last of those that were hit knowing it. */
  readonly lastClosedMs: number
  readonly appliedMs: number
  /** Sessions that the rule was not about, and that ended all the same. */
  readonly touched: number
  /** CPU time of the server for a repeated attempt of a client that is turned away, and for opening a stream. */
  readonly refusalMicros: number
  readonly streamMicros: number
  /** The same of a process that does nothing but take the connection and say as much: see `bare-server.ts`. */
  readonly bareMicros: number
}

/**
 * A rule that ends all sessions below version 2.0; then those try to come back.
 *
 * @param turns - so often CPU time is measured, in turns; what counts is the median. Each turn of attempts has to wait
 *   twice as long for its answers. The first ones pay for the compiler.
 */
export async function showLockOut(crowd: Crowd, turns = 1): Promise<LockOutShow> {
  const { node, sessions } = crowd
  const isOld = ({ options }: Held) => options.software === 'Held 1.0'
  const [old, spared] = [sessions.filter(isOld), sessions.filter((session) => !isOld(session))]
  const rule = { family: 'held', below: '2.0', action: 'disconnect', preset: 'now', url: 'https://localhost/update' }
  const { effect } = await node.admin<Applied>('POST', '/api/v1/client-rules', rule)
  const ends = await Promise.all(old.map(({ ended }) => ended))
  const { committedAt } = await node.admin<{ committedAt: string }>('GET', `/api/v1/policy/epochs/${effect.epoch}`)
  const lastClosedMs = Math.max(...ends.map(({ at }) => at)) - Date.parse(committedAt)
  await eachOf(spared, 64, (session) => (session.isOpen ? session.ping() : Promise.resolve()))
  const touched = spared.filter(({ isOpen }) => !isOpen).length

  /** @param idling - milliseconds of CPU per millisecond that the process takes anyway, and that are taken off */
  const perAttempt = async (pid: number, idling: number, work: (session: Held) => Promise<unknown>) => {
    const [cpuMs, startedAt] = [cpuMsOf(pid), performance.now()]
    await eachOf(old, old.length, work)
    const workedMs = cpuMsOf(pid) - cpuMs - idling * (performance.now() - startedAt)
    return (workedMs / old.length) * 1_000
  }
  let answer = ''
  const tryAgain =
    (port: number) =>
    async ({ options }: Held) => {
      const error = await hold({ ...options, port }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      if (!(error instanceof TurnedBack) || !error.text.includes('client-blocked'))
        throw new Error('it was not refused')
      answer = error.text
    }
  // Who is told so for the first time has signed in for it.
  await tryAgain(node.c2sPort)(old[0]!)
  await using bare = await startBareServer(answer)
  const idling = await idlingOf(node.pid, turns)
  const micros = { refusal: [] as number[], stream: [] as number[], bare: [] as number[] }
  for (let turn = 0; turn < turns; turn++) {
    micros.stream.push(await perAttempt(node.pid, idling, ({ options }) => openStream(options.port)))
    micros.bare.push(await perAttempt(bare.pid, 0, tryAgain(bare.port)))
    micros.refusal.push(await perAttempt(node.pid, idling, tryAgain(node.c2sPort)))
  }
  return {
    hit: old.length,
    lastClosedMs,
    appliedMs: effect.appliedMs,
    touched,
    refusalMicros: quantile(micros.refusal, 0.5),
    streamMicros: quantile(micros.stream, 0.5),
    bareMicros: quantile(micros.bare, 0.5),
  }
}

/** What a process takes while nothing is asked of it: its timers, its leases. Milliseconds of CPU per millisecond. */
async function idlingOf(pid: number, windows: number): Promise<number> {
  const parts: number[] = []
  for (let window = 0; window < windows; window++) {
    const [cpuMs, startedAt] = [cpuMsOf(pid), performance.now()]
    await wait(WINDOW_MS)
    parts.push((cpuMsOf(pid) - cpuMs) / (performance.now() - startedAt))
  }
  return quantile(parts, 0.5)
}

/** Opens a stream and closes it. */
async function openStream(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.end(
    `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'></stream:stream>`,
  )
  socket.resume()
  await once(socket, 'close')
}

async function startBareServer(answer: string) {
  const child = fork(join(ROOT, 'e2e', 'load', 'bare-server.ts'))
  child.send(answer)
  const [port] = (await once(child, 'message')) as [number]
  return {
    pid: child.pid!,
    port,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

export interface ReturnShow {
  readonly closedMs: number
  /** From the end of the cut to the last session that was back. */
  readonly backMs: number
  readonly resumed: number
  /** Most sessions that came back within one second. */
  readonly mostPerSecond: number
  readonly signInP95Ms: number
  readonly refusals: number
}

const retryIn = (text: string) => Number(/<retry [^>]*after="(\d+)"/.exec(text)?.[1] ?? Number.NaN)

/** A cut of the service, and its end: everybody comes back at the time that they were given, and resumes. */
export async function showReturn({ node, sessions }: Crowd): Promise<ReturnShow> {
  const startedAt = Date.now()
  const body = { scopes: ['service'], mode: 'cut', reason: 'drill' }
  const cut = await node.admin<{ suspension: { id: string } }>('POST', '/api/v1/suspensions', body)
  const ends = await Promise.all(sessions.map(({ ended }) => ended))
  const closedMs = Math.max(...ends.map(({ at }) => at)) - startedAt
  await node.admin('POST', `/api/v1/suspensions/${cut.suspension.id}/end`)
  const endedAt = performance.now()
  const arrivals: number[] = []
  let refusals = 0
  const back = await Promise.all(
    sessions.map(async ({ options, resumeId = '' }, index) => {
      for (let afterMs = retryIn(ends[index]!.text); ;) {
        await wait(afterMs)
        try {
          const session = await hold({ ...options, resume: { id: resumeId, h: 1 } })
          arrivals.push(performance.now() - endedAt)
          return session
        } catch (error) {
          if (!(error instanceof TurnedBack)) throw error
          refusals++
          afterMs = retryIn(error.text)
          if (Number.isNaN(afterMs)) throw error
        }
      }
    }),
  )
  const perSecond = new Map<number, number>()
  for (const at of arrivals) perSecond.set(Math.floor(at / 1_000), (perSecond.get(Math.floor(at / 1_000)) ?? 0) + 1)
  const show = {
    closedMs,
    backMs: Math.max(...arrivals),
    resumed: back.filter(({ isResumed }) => isResumed).length,
    mostPerSecond: Math.max(...perSecond.values()),
    signInP95Ms: quantile(
      back.map(({ signedInMs }) => signedInMs),
      0.95,
    ),
    refusals,
  }
  for (const session of back) session.close()
  return show
}
