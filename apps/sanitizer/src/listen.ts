import { lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'

/**
 * Listens on a Unix socket that only this user can reach. A socket file left by a process that is gone is replaced.
 *
 * @throws when another process answers there, or when the path is some other file.
 */
export async function listen(server: Server, path: string): Promise<void> {
  try {
    await tryListen(server, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    if (!(await lstat(path)).isSocket()) throw new Error(`${path} is not a socket`, { cause: error })
    if (await answers(path)) throw new Error(`another sanitizer is listening on ${path}`, { cause: error })
    await unlink(path)
    await tryListen(server, path)
  }
}

function tryListen(server: Server, path: string): Promise<void> {
  // The mask, not a later chmod: between bind and chmod anybody could connect.
  const before = process.umask(0o177)
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  }).finally(() => process.umask(before))
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (isAlive: boolean) => {
      socket.destroy()
      resolve(isAlive)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
