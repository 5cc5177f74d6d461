import { isIP } from 'node:net'
import type { Socket } from 'node:net'

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const V1_MAX_BYTES = 107
/** Address block of the largest family and some room for extensions. */
const V2_MAX_BYTES = 16 + 512

/** `undefined`: more has to come. `address` is absent when the proxy speaks for itself (`UNKNOWN`, `LOCAL`). */
export type ProxyHeader = { readonly length: number; readonly address?: string } | 'invalid' | undefined

/** Reads the header of the PROXY protocol, version 1 or 2, at the beginning of a connection. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const isV2 = bytes.subarray(0, V2_SIGNATURE.length).equals(V2_SIGNATURE.subarray(0, bytes.length))
  if (isV2) return parseV2(bytes)
  const start = bytes.toString('latin1', 0, 6)
  if (!'PROXY '.startsWith(start)) return 'invalid'
  const end = bytes.indexOf('\r\n')
  if (end < 0) return bytes.length >= V1_MAX_BYTES ? 'invalid' : undefined
  const [, family, address = '', ...rest] = bytes.toString('latin1', 0, Math.min(end, V1_MAX_BYTES)).split(' ')
  if (family === 'UNKNOWN') return { length: end + 2 }
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined
  if (version === undefined || isIP(address) !== version || rest.length !== 3) return 'invalid'
  return { length: end + 2, address }
}

function parseV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < 16) return undefined
  const [versionAndCommand = 0, family = 0] = bytes.subarray(12, 14)
  const length = 16 + bytes.readUInt16BE(14)
  if (versionAndCommand >> 4 !== 2 || length > V2_MAX_BYTES) return 'invalid'
  if (bytes.length < length) return undefined
  const command = versionAndCommand & 15
  if (command === 0) return { length }
  if (command !== 1) return 'invalid'
  if (family === 0x11 && length >= 28) return { length, address: bytes.subarray(16, 20).join('.') }
  if (family === 0x21 && length >= 52) {
    const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(16 + 2 * n).toString(16))
    return { length, address: groups.join(':') }
  }
  return 'invalid'
}

/**
 * Waits for the header and takes it off the socket; what follows it stays to be read. Resolves with nothing when there is
 * none in time: then the socket is closed.
 */
export function readProxyHeader(socket: Socket, timeoutMs: number): Promise<{ readonly address?: string } | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0)
    const done = (header: { readonly address?: string } | undefined) => {
      clearTimeout(timer)
      socket.off('readable', look)
      socket.off('close', fail)
      if (!header) socket.destroy()
      resolve(header)
    }
    const fail = () => done(undefined)
    const look = () => {
      for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null)
        bytes = Buffer.concat([bytes, chunk])
      const header = parseProxyHeader(bytes)
      if (header === undefined) return
      if (header === 'invalid') return fail()
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
      done(header)
    }
    const timer = setTimeout(fail, timeoutMs)
    socket.on('readable', look)
    socket.once('close', fail)
  })
}
