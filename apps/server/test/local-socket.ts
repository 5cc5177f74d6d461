import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BuiltServer } from '../src/server.ts'

/** The admin API as the local socket of this server answers it. */
export async function localSocket({ localAdmin }: BuiltServer) {
  const socket = createServer((req, res) => void localAdmin(req, res, new URL(req.url!, 'http://local')))
  await once(socket.listen(0, '127.0.0.1'), 'listening')
  const { port } = socket.address() as AddressInfo
  return {
    async ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      return { status: answer.status, json: JSON.parse(await answer.text()) }
    },
    [Symbol.dispose]() {
      socket.close()
      socket.closeAllConnections()
    },
  }
}
