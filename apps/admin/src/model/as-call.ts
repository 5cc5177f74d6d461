import type { Input } from '../api/call.ts'
import { target } from '../api/routes.ts'
import type { RouteId } from '../api/routes.ts'
import { quoted } from './as-command.ts'

/** What is asked of the API, by whoever asks. */
export interface Request<Id extends RouteId> extends Pick<Input<Id>, 'params' | 'query' | 'body' | 'key' | 'ifMatch'> {
  readonly id: Id
}

/**
 * What a form would do, as the request that does the same, for a POSIX shell. Whose token it takes is up to the shell, so
 * that none gets into tickets.
 *
 * @param origin - of the server, without a slash at its end
 */
export function callText<Id extends RouteId>(origin: string, request: Request<Id>): string {
  const { id, params, query, body, key, ifMatch } = request
  const { method, url } = target(id, params, query as Readonly<Record<string, string | number | undefined>>)
  return [
    `curl -sS --fail-with-body -X ${method} ${quoted(origin + url)}`,
    `-H "Authorization: Bearer $DRAWBRIDGE_TOKEN"`,
    // Sent twice, it is done once.
    ...(method === 'POST' && key !== undefined ? [`-H ${quoted(`Idempotency-Key: ${key}`)}`] : []),
    // Done to what was seen, or not at all.
    ...(ifMatch === undefined ? [] : [`-H ${quoted(`If-Match: ${ifMatch}`)}`]),
    ...(body === undefined
      ? []
      : [`-H ${quoted('Content-Type: application/json')}`, `--data-raw ${quoted(JSON.stringify(body))}`]),
  ].join(' \\\n  ')
}
