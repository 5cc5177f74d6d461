import type { ParamsOf, ResponseOf } from '@drawbridge/contract'
import { editedOf } from '@drawbridge/contract/browser'
import { useRef, useState } from 'react'
import { ApiProblem } from '../api/call.ts'
import { useConsole } from '../api/console.ts'
import type { RouteId } from '../api/routes.ts'
import type { Conflict } from './Conflict.tsx'
import { useAction } from './use-resource.ts'
import type { Action } from './use-resource.ts'

/** Routes that read what others edit. */
export type EditedRoute = Extract<
  RouteId,
  | 'getClientRule'
  | 'getClientPosture'
  | 'getClientException'
  | 'getProposal'
  | 'getPlaybook'
  | 'getSuspension'
  | 'getApproval'
  | 'getImageRenewal'
>

/** A change that is bound to what was seen. */
export interface Edit extends Omit<Action, 'run'> {
  /** What somebody else has made of it; after it was shown, the same press goes through. */
  readonly conflict: Conflict | undefined
  /** Resolves to whether it was done. `work` passes on what it is given to the call that changes something. */
  run(work: (ifMatch: { readonly ifMatch?: string }) => Promise<unknown>): Promise<boolean>
  /** Whoever sees the conflict leaves it at that. */
  leave(): void
  /** They go on from what somebody else has made of it. */
  take(): void
}

/**
 * Changes something as it was seen (RFC 9110 §13.1.1). Where somebody else has changed it meanwhile nothing is sent: what is
 * different is shown first, and whatever was typed stays.
 *
 * @param seen - as it was when the change was begun; undefined: it is to be made
 */
export function useEdit<Id extends EditedRoute>(id: Id, params: ParamsOf<Id>, seen: ResponseOf<Id> | undefined): Edit {
  const { call } = useConsole()
  const { run: act, ...action } = useAction()
  const [conflict, setConflict] = useState<Conflict>()
  /** What somebody else has made of it, once that was shown: the change is then one of that. */
  const shown = useRef<{ readonly thing: ResponseOf<Id> | undefined }>(undefined)

  const read = async () => {
    let ifMatch = ''
    try {
      const thing = await call(id, { params, onTag: (tag) => (ifMatch = tag) })
      return { thing, ifMatch: { ifMatch } }
    } catch (error) {
      if (error instanceof ApiProblem && error.isAbsence) return { thing: undefined, ifMatch: {} }
      throw error
    }
  }
  const show = (before: ResponseOf<Id> | undefined, now: ResponseOf<Id> | undefined) => {
    shown.current = { thing: now }
    setConflict({ seen: thingOf(id, before) ?? {}, now: thingOf(id, now) })
  }
  const run = async (work: (ifMatch: { readonly ifMatch?: string }) => Promise<unknown>) => {
    let isDone = false
    await act(async () => {
      const known = shown.current ? shown.current.thing : seen
      const now = await read()
      if (JSON.stringify(editedOf(id, known)) !== JSON.stringify(editedOf(id, now.thing))) {
        return show(known, now.thing)
      }
      try {
        await work(now.ifMatch)
      } catch (error) {
        if (!(error instanceof ApiProblem && error.code === 'changed-meanwhile')) throw error
        return show(known, (await read()).thing)
      }
      shown.current = undefined
      setConflict(undefined)
      isDone = true
    })
    return isDone
  }
  const leave = () => {
    shown.current = undefined
    setConflict(undefined)
  }
  const take = () => setConflict(undefined)
  return { ...action, conflict, run, leave, take }
}

/** Each route answers one thing, under its name, or is the thing itself. */
function thingOf(id: EditedRoute, answer: object | undefined): object | undefined {
  const edited = editedOf(id, answer) as Readonly<Record<string, unknown>> | undefined
  const [only, ...others] = Object.values(edited ?? {})
  return others.length === 0 && typeof only === 'object' && only !== null ? only : edited
}
