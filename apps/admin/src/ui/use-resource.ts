import type { EventTopic } from '@drawbridge/contract'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiProblem } from '../api/call.ts'
import { useConsole } from '../api/console.ts'
import type { Call } from '../api/call.ts'
import { isAttended } from './attendance.ts'
import { useEvents } from './use-events.ts'

/** Something of the API on a page: what is known of it, how old that is, and what went wrong since. */
export interface Resource<T> {
  readonly value: T | undefined
  /** When `value` was answered, as `Date.now()`. */
  readonly at: number | undefined
  /** The last attempt failed; `value` is of an earlier one. */
  readonly problem: ApiProblem | undefined
  readonly isLoading: boolean
  reload(): Promise<void>
}

export interface ResourceOptions {
  /** Asked again so often, in milliseconds, while somebody is there. Absent: only when told to. */
  readonly everyMs?: number
  /** Asked again at once when one of these has changed; while that is told, it is asked by the clock less often. */
  readonly on?: readonly EventTopic[]
  /** False: not asked at all, since whoever looks may not. */
  readonly isOn?: boolean
}

/** So many times less often the clock asks while changes are told. */
const SELDOM = 3
const NOTHING: readonly EventTopic[] = []

/** Loads something when `key` changes, after a new sign-in, when it has changed, and every now and then. Late answers to old questions drop. */
export function useResource<T>(
  key: string,
  load: (call: Call, signal: AbortSignal) => Promise<T>,
  { everyMs, on = NOTHING, isOn = true }: ResourceOptions = {},
): Resource<T> {
  const { call, signIns } = useConsole()
  const [state, setState] = useState<Omit<Resource<T>, 'reload'> & { key: string }>(empty(key))
  const latest = useRef(load)
  const running = useRef<AbortController>(undefined)
  useEffect(() => {
    latest.current = load
  })
  const reload = useCallback(async () => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    setState((known) => ({ ...(known.key === key ? known : empty<T>(key)), isLoading: true }))
    try {
      const value = await latest.current(call, controller.signal)
      if (!controller.signal.aborted) setState({ key, value, at: Date.now(), problem: undefined, isLoading: false })
    } catch (error) {
      if (controller.signal.aborted) return
      const problem = error instanceof ApiProblem ? error : new ApiProblem('internal')
      setState((known) => ({ ...known, problem, isLoading: false }))
    }
  }, [call, key])
  const isTold = useEvents(on, isOn, reload)
  useEffect(() => {
    if (!isOn) return undefined
    void reload()
    return () => running.current?.abort()
  }, [reload, isOn, signIns])
  useEffect(() => {
    if (everyMs === undefined || !isOn) return undefined
    const ask = () => {
      if (isAttended()) void reload()
    }
    const timer = setInterval(ask, isTold ? SELDOM * everyMs : everyMs)
    document.addEventListener('visibilitychange', ask)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', ask)
    }
  }, [reload, everyMs, isOn, isTold])
  return { ...(state.key === key ? state : empty<T>(key)), reload }
}

function empty<T>(key: string): Omit<Resource<T>, 'reload'> & { key: string } {
  return { key, value: undefined, at: undefined, problem: undefined, isLoading: true }
}

/** Something that is done at the press of a button. */
export interface Action {
  readonly isBusy: boolean
  readonly problem: ApiProblem | undefined
  /** Does nothing while the one before is under way; resolves to whether it was done. */
  run(work: () => Promise<unknown>): Promise<boolean>
  clear(): void
}

export function useAction(): Action {
  const [state, setState] = useState<{ isBusy: boolean; problem: ApiProblem | undefined }>(IDLE)
  const isBusy = useRef(false)
  const run = useCallback(async (work: () => Promise<unknown>) => {
    if (isBusy.current) return false
    isBusy.current = true
    setState({ isBusy: true, problem: undefined })
    try {
      await work()
      setState(IDLE)
      return true
    } catch (error) {
      setState({ isBusy: false, problem: error instanceof ApiProblem ? error : new ApiProblem('internal') })
      return false
    } finally {
      isBusy.current = false
    }
  }, [])
  const clear = useCallback(() => setState(IDLE), [])
  return { ...state, run, clear }
}

const IDLE = { isBusy: false, problem: undefined } as const
