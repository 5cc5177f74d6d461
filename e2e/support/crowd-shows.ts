import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { eachOf, hold, quantile, TurnedBack } from '../load/held.ts'
import type { Held } from '../load/held.ts'
import type { Crowd } from './crowd.ts'

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
  /** CPU time of the server for a repeated attempt of a client that is turned away, and for a bare connection. */
  readonly refusalMicros: number
  readonly bareMicros: number
}

/** A rule that ends all sessions below version 2.0; then those try to come back. */
export async function showLockOut(crowd: Crowd): Promise<LockOutShow> {
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

  const perAttempt = async (work: (session: Held) => Promise<unknown>) => {
    const before = crowd.cpuMs()
    await eachOf(old, old.length, work)
    return ((crowd.cpuMs() - before) / old.length) * 1_000
  }
  const bareMicros = await perAttempt(async ({ options: { port } }) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.end(
      `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'></stream:stream>`,
    )
    socket.resume()
    await once(socket, 'close')
  })
  const refusalMicros = await perAttempt(async ({ options }) => {
    const error = await hold(options).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof TurnedBack) || !error.text.includes('client-blocked')) throw new Error('it was not refused')
  })
  return { hit: old.length, lastClosedMs, appliedMs: effect.appliedMs, touched, refusalMicros, bareMicros }
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
