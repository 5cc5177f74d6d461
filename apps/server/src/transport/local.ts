import { chmod, unlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Log } from '@drawbridge/runtime'
import { answer } from './http.ts'
import type { HttpHandler } from './http.ts'

/**
 * Serves one handler on a Unix socket that only this account can open: whoever reaches it may do what it offers, also
 * when nobody can sign in any more.
 */
export async function listenLocally(path: string, handle: HttpHandler, log: Log): Promise<{ close(): Promise<void> }> {
  // Left behind by a process that was killed; a living one holds the lock of the data directory.
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const server = createServer((req, res) => void answer(req, res, [handle], log))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
