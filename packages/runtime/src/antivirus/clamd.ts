import type { Socket } from 'node:net'
import { type AntivirusEngine, exchange, ScanRefused } from './engine.ts'

const PORT = 3310
const CHUNK_BYTES = 65_536

/** ClamAV's daemon, by the commands that end with NUL (clamd(8), COMMANDS). */
export function createClamd(url: URL): AntivirusEngine {
  const where =
    url.hostname === ''
      ? { path: decodeURIComponent(url.pathname) }
      : { host: url.hostname, port: Number(url.port || PORT) }
  return {
    name: url.hostname === '' ? `clamd ${url.pathname}` : `clamd ${url.host}`,
    async version(signal) {
      const answer = (await exchange(where, (socket) => void socket.write('zVERSION\0'), { signal })).toString('latin1')
      const version = /^(ClamAV [\x21-\x7e][\x20-\x7e]{0,120})\0$/.exec(answer)?.[1]
      if (version === undefined) throw new Error('clamd does not say its version')
      return version
    },
    async scan(bytes, signal) {
      const answer = await exchange(where, (socket) => stream(socket, bytes), { signal })
      return verdictFrom(answer.toString('latin1').replace(/\0$/, ''))
    },
  }
}

/** INSTREAM: chunks, each behind its length, and one of none. */
function stream(socket: Socket, bytes: Uint8Array): void {
  socket.write('zINSTREAM\0')
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES)
    socket.write(lengthOf(chunk.length))
    socket.write(chunk)
  }
  socket.write(lengthOf(0))
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes)
  return length
}

function verdictFrom(answer: string) {
  const found = /^stream: (.{1,200}) FOUND$/.exec(answer)?.[1]
  if (found !== undefined) return { outcome: 'infected', signature: found } as const
  if (answer === 'stream: OK') return { outcome: 'clean' } as const
  if (/size limit exceeded/i.test(answer))
    throw new ScanRefused('the file is larger than clamd takes (StreamMaxLength)')
  throw new Error(`clamd says ${answer.slice(0, 200) || 'nothing'}`)
}
