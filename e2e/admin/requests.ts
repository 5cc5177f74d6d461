import { execFile } from 'node:child_process'
import type { Stack } from '../support/stack.ts'

/** A token of the administrator, for what the console shows as requests. */
export async function tokenOf(stack: Stack): Promise<string> {
  const scope = 'policy.read,policy.write'
  const { secret } = await stack.cli<{ secret: string }>(
    ...['token', 'create', `requests-${crypto.randomUUID()}`],
    ...['--account', stack.admin.name, '--scope', scope],
  )
  return secret
}

/** Runs a request as it was copied, in a shell; what was answered, a refusal included. */
export function sent(request: string, token: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    execFile(
      '/bin/sh',
      ['-euc', request],
      { env: { ...process.env, DRAWBRIDGE_TOKEN: token } },
      (_error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout))
        } catch {
          reject(new Error(`no answer: ${stderr}${stdout}`))
        }
      },
    )
  })
}
