import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * The least that a Node process can do for a client that is turned away: it takes the connection, reads once, lets it
 * wait, says the same to everybody and ends. What a server takes beyond this is its own. Started with an IPC channel: it
 * is told what to say, and tells its port.
 */
const WAIT_MS = 1_000

process.once('message', (answer: string) => {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => {
      socket.pause()
      setTimeout(() => {
        socket.end(answer)
        socket.resume()
      }, WAIT_MS)
    })
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
    process.send?.((server.address() as AddressInfo).port)
  })
})
