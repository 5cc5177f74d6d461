import type { BodyOf, ErrorCode, ParamsOf, Problem, QueryOf, ResponseOf } from '@drawbridge/contract'
import { CODES, PROBLEM_MEDIA_TYPE } from '@drawbridge/contract/browser'
import { target } from './routes.ts'
import type { RouteId } from './routes.ts'

/** What a route takes. */
export interface Input<Id extends RouteId> {
  readonly params?: ParamsOf<Id>
  readonly query?: Partial<QueryOf<Id>>
  readonly body?: BodyOf<Id>
  /** Names what is done: sent again with the same, it is done once. */
  readonly key?: string
  /** The entity tag of what is changed, as it was when it was seen: refused when it is another one by now. */
  readonly ifMatch?: string
  /** Told the entity tag of what is read, for `ifMatch`. */
  readonly onTag?: (tag: string) => void
  readonly signal?: AbortSignal
}

/** Asks the API as whoever is signed in here. Rejects with `ApiProblem`. */
export type Call = <Id extends RouteId>(id: Id, input?: Input<Id>) => Promise<ResponseOf<Id>>

/** Why the API did not do what was asked: a problem it named, or none because it could not be reached. */
export class ApiProblem extends Error {
  readonly code: ErrorCode | 'unreachable'
  readonly detail: string | undefined

  constructor(code: ErrorCode | 'unreachable', detail?: string) {
    super(detail ?? code)
    this.code = code
    this.detail = detail
  }

  /** What was asked for is not there, or no longer. */
  get isAbsence(): boolean {
    return this.code !== 'unreachable' && CODES[this.code].http === 404
  }
}

/**
 * A caller of the API, for a page of the same origin: the browser sends the cookie, and says by itself where the request
 * comes from.
 *
 * @param onSignedOut is told when the session has ended, before the promise rejects.
 */
export function createCall(onSignedOut: () => void, fetching: typeof fetch = (...args) => fetch(...args)): Call {
  return async (id, { params, query, body, key, ifMatch, onTag, signal } = {}) => {
    const { method, url } = target(id, params, query as Record<string, string | number | undefined>)
    let response: Response
    try {
      response = await fetching(url, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
          ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new ApiProblem('unreachable')
    }
    const tag = response.headers.get('etag')
    if (response.ok && tag !== null) onTag?.(tag)
    if (response.ok) return (response.status === 204 ? undefined : await response.json()) as ResponseOf<typeof id>
    const problem = await problemOf(response)
    if (problem.code === 'not-authorized') onSignedOut()
    throw problem
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  if (!response.headers.get('content-type')?.startsWith(PROBLEM_MEDIA_TYPE)) return new ApiProblem('unreachable')
  const { code, detail } = (await response.json()) as Problem
  return new ApiProblem(code, detail)
}
