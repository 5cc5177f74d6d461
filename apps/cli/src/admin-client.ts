import { request } from 'node:http'
import {
  ADMIN_ROUTES,
  adminTarget,
  CLAIMED_USER_HEADER,
  type AdminRoute,
  type AdminRouteId,
  type BodyOf,
  type ParamsOf,
  type ResponseOf,
} from '@drawbridge/contract'
import { Refused } from './command.ts'

/** What one call sends. */
export interface AdminCall<Id extends AdminRouteId> {
  readonly params?: ParamsOf<Id>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: BodyOf<Id>
}

/** Calls one route of the admin API and answers with its checked response. */
export type AdminClient = <Id extends AdminRouteId>(route: Id, call?: AdminCall<Id>) => Promise<ResponseOf<Id>>

/**
 * A client of the admin API on the local socket, where whoever can open the socket is an administrator.
 *
 * @param timeoutMs - longest wait for one answer; an import of a batch hashes many passwords. Default 60 s.
 * @param claimedUser - who runs it, for the record: see `claimedUserOf`.
 * @throws Refused with the server's reason, or when no server runs on this data directory.
 */
export function createAdminClient(
  socketPath: string,
  { timeoutMs = 60_000, claimedUser }: { readonly timeoutMs?: number; readonly claimedUser?: string | undefined } = {},
): AdminClient {
  return async (routeId, { params = {}, query = {}, body } = {}) => {
    const route = ADMIN_ROUTES[routeId]
    const target = adminTarget(routeId, params as Readonly<Record<string, string>>, query)
    const { status, text } = await exchange(socketPath, {
      method: route.method,
      path: target,
      body,
      timeoutMs,
      claimedUser,
    })
    const value: unknown = text === '' ? undefined : parse(text)
    if (status >= 400) throw refusalFrom(status, value)
    return route.response.parse(value) as ResponseOf<typeof routeId>
  }
}

/** A client that changes nothing: every change of the rules is a dry run, and any other change is refused. */
export function rehearsed(admin: AdminClient): AdminClient {
  return async (routeId, call = {}) => {
    const route: AdminRoute = ADMIN_ROUTES[routeId]
    if (route.method === 'GET') return admin(routeId, call)
    if (!route.isPolicyWrite) throw new Refused(`There is no dry run of this: ${route.summary}`)
    return admin(routeId, { ...call, query: { ...call.query, dryRun: 'true' } })
  }
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly timeoutMs: number
  readonly claimedUser: string | undefined
}

function exchange(socketPath: string, { method, path, body, timeoutMs, claimedUser }: Exchange) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const payload = body === undefined ? undefined : written(body)
  const headers = {
    host: 'localhost',
    ...(claimedUser !== undefined && { [CLAIMED_USER_HEADER]: claimedUser }),
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  }
  const call = request({ socketPath, method, path, headers, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => void chunks.push(chunk))
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 500, text: Buffer.concat(chunks).toString('utf8') }),
    )
    response.on('error', reject)
  })
  call.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, socketPath)))
  call.end(payload)
  return promise
}

function written(body: unknown): string {
  try {
    return JSON.stringify(body)
  } catch (error) {
    throw error instanceof RangeError ? new Refused('What is to be sent is nested too deep.') : error
  }
}

function explain(error: NodeJS.ErrnoException, socketPath: string): Error {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new Refused(
      `No server is running on this data directory (nothing answers at ${socketPath}); start it with npm start.`,
    )
  }
  if (error.code === 'EACCES')
    return new Refused(`This account may not use ${socketPath}: run the command as the account that runs the server.`)
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return new Refused('The server did not answer in time.')
  return error
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused('The server gave an answer that is not JSON.')
  }
}

function refusalFrom(status: number, body: unknown): Refused {
  const { title, detail, code } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const sentence = [title, detail].filter((part) => typeof part === 'string').join(' ')
  return new Refused(
    sentence || `The server refused with status ${status}.`,
    typeof code === 'string' ? code : undefined,
  )
}
