import { drizzle, type NodePgQueryResultHKT } from 'drizzle-orm/node-postgres'
import type { PgDatabase } from 'drizzle-orm/pg-core'
import pg from 'pg'
import * as schema from './schema/index.ts'

/** What a query function takes: a pool or a transaction. The caller owns the transaction. */
export type Db = PgDatabase<NodePgQueryResultHKT, typeof schema>

/** A pool of connections, with drizzle on top. */
export interface Database extends AsyncDisposable {
  readonly db: Db
  readonly pool: pg.Pool
  /** Waits for the queries under way, then closes every connection. A second call waits for the first. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Most connections of the pool. Default 10. */
  readonly maxConnections?: number
  /** Longest wait for a connection, and for the answer to a query, in milliseconds. Default 10 s, and without end. */
  readonly timeoutMs?: number
  /** False: a commit does not wait for the disk, and a crash may lose the last ones. Default true. */
  readonly isDurable?: boolean
  /** Told of a connection that broke while nobody used it. The pool replaces it; nothing needs to be done. */
  readonly onError?: (error: Error) => void
}

/**
 * Opens a pool. Nothing is connected before the first query; a query waits up to 10 s for a connection.
 *
 * @param url - `postgres://user:password@host:port/database`
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { maxConnections = 10, timeoutMs, isDurable = true, onError } = options
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: timeoutMs ?? 10_000,
    ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
    ...(isDurable ? {} : { onConnect: forgetCommits }),
    keepAlive: true,
    application_name: 'drawbridge',
  })
  pool.on('error', (error) => onError?.(error))
  // The pool listens only while a client is idle. One that breaks in use rejects its query *and* emits, and an `error`
  // that nobody hears ends the process.
  pool.on('connect', (client) => void client.on('error', () => {}))
  let closing: Promise<void> | undefined
  const close = () => (closing ??= pool.end())
  return { db: drizzle(pool, { schema }), pool, close, [Symbol.asyncDispose]: close }
}

/** Its type promises nothing, yet the pool waits for it. */
const forgetCommits = async (client: pg.ClientBase): Promise<void> => {
  await client.query('set synchronous_commit = off')
}

/** True when PostgreSQL gave up a statement because of `statement_timeout`. Looks through drizzle's wrapper. */
export function isTimeout(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof pg.DatabaseError ? error.cause : error
  return cause instanceof pg.DatabaseError && cause.code === '57014'
}

/** True for a violation of a unique constraint, of `constraint` if given. Looks through drizzle's wrapper. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const cause = error instanceof Error && error.cause instanceof pg.DatabaseError ? error.cause : error
  return (
    cause instanceof pg.DatabaseError &&
    cause.code === '23505' &&
    (constraint === undefined || cause.constraint === constraint)
  )
}

/** True when PostgreSQL will refuse these values as often as it is asked (classes 21 to 23). Looks through drizzle's wrapper. */
export function isRefusedContent(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof pg.DatabaseError ? error.cause : error
  return cause instanceof pg.DatabaseError && /^2[123]/.test(cause.code ?? '')
}
