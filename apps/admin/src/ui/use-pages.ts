import { useCallback, useRef } from 'react'
import type { Call } from '../api/call.ts'
import { useResource } from './use-resource.ts'
import type { Resource, ResourceOptions } from './use-resource.ts'

/** Rows that are asked for at once. */
export const PAGE = 100

/** One answer of a list. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins; absent: this was the last. */
  readonly next: string | undefined
}

/** A list as far as it was read, and the way to more of it. */
export interface Pages<T> extends Resource<readonly T[]> {
  readonly hasMore: boolean
  /** Reads one page more, and appends it: nothing that was read moves. */
  more(): Promise<void>
}

/**
 * Loads a list page by page. Asked again, it reads as many pages as are shown. The filter belongs into `key`, and into the
 * question to the server: what is not here yet cannot be filtered here.
 */
export function usePages<T>(
  key: string,
  load: (call: Call, cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
  options?: ResourceOptions,
): Pages<T> {
  const shown = useRef({ key, pages: 1, known: undefined as Page<T> | undefined, isGrowing: false })
  const { value, reload, ...rest } = useResource(
    key,
    async (call, signal) => {
      const is = shown.current.key === key ? shown.current : { key, pages: 1, known: undefined, isGrowing: false }
      shown.current = is
      const { known } = is
      const isMore = is.isGrowing && known?.next !== undefined
      const loaded = isMore ? await grown(known, load, call, signal) : await anew(is.pages, load, call, signal)
      if (isMore) is.pages += 1
      is.known = loaded
      return loaded
    },
    options,
  )
  const more = useCallback(async () => {
    shown.current.isGrowing = true
    await reload()
    shown.current.isGrowing = false
  }, [reload])
  return { ...rest, reload, value: value?.items, hasMore: value?.next !== undefined, more }
}

type Load<T> = (call: Call, cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>

async function grown<T>(known: Page<T>, load: Load<T>, call: Call, signal: AbortSignal): Promise<Page<T>> {
  const { items, next } = await load(call, known.next, signal)
  return { items: [...known.items, ...items], next }
}

async function anew<T>(pages: number, load: Load<T>, call: Call, signal: AbortSignal): Promise<Page<T>> {
  let known = await load(call, undefined, signal)
  for (let page = 1; page < pages && known.next !== undefined; page++) known = await grown(known, load, call, signal)
  return known
}
