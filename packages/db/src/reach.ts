import pg from 'pg'

/** Whether a database can be worked with; why not, and whether waiting may help. */
export type Reach =
  | { readonly isReady: true }
  | { readonly isReady: false; readonly reason: string; readonly isPassing: boolean }

/** SQLSTATE classes and codes that no waiting changes: wrong credentials, and a database that is not there. */
const LASTING = /^(?:28|3D000)/u

/**
 * Asks once, over a connection of its own.
 *
 * @param migration - has to be applied, too: whoever migrates may be waiting for the same database
 * @param timeoutMs - longest wait for an answer
 */
export async function probeDatabase(url: string, migration: string | undefined, timeoutMs: number): Promise<Reach> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: 'drawbridge-probe',
  })
  client.on('error', () => {}) // reported by the query that it breaks
  try {
    await client.connect()
    if (migration !== undefined && !(await isApplied(client, migration))) {
      return { isReady: false, reason: `${migration} is not applied yet`, isPassing: true }
    }
    return { isReady: true }
  } catch (error) {
    const { code = '', message } = error as { readonly code?: string; readonly message: string }
    return { isReady: false, reason: message || code || 'it does not answer', isPassing: !LASTING.test(code) }
  } finally {
    // A connection that hangs is not waited for.
    void client.end().catch(() => {})
  }
}

async function isApplied(client: pg.Client, migration: string): Promise<boolean> {
  const { rows } = await client.query<{ table: string | null }>("select to_regclass('migration')::text as table")
  if (!rows[0]?.table) return false
  const found = await client.query('select 1 from migration where name = $1', [migration])
  return found.rows.length > 0
}
