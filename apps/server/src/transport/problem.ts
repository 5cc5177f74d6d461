import type { ServerResponse } from 'node:http'

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly [extra: string]: unknown
}

/** RFC 9457. Clients act on `type`. */
export function sendProblem(res: ServerResponse, problem: ProblemBody, headers: Record<string, string> = {}): void {
  res.writeHead(problem.status, {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(JSON.stringify(problem))
}
