import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { addressKey } from '../stream/throttle.ts'

/** Counts connections by address: IPv4 /32, IPv6 /64 (threats DS-10). */
export interface AddressLimit {
  /**
   * Counts a connection until it closes; or closes it and returns false when its address has too many.
   *
   * @param address - of the client, where that is not who is connected.
   */
  take(socket: Duplex & Pick<Socket, 'remoteAddress'>, address?: string): boolean
}

/** @param max - connections from one address at once. */
export function createAddressLimit(max: number): AddressLimit {
  const counts = new Map<string, number>()
  return {
    take(socket, address = socket.remoteAddress ?? '') {
      // A peer can be gone before we look at it; its errors have nobody else to go to.
      socket.on('error', () => socket.destroy())
      const key = addressKey(address)
      const count = counts.get(key) ?? 0
      if (count >= max) {
        socket.destroy()
        return false
      }
      counts.set(key, count + 1)
      socket.on('close', () => {
        const left = (counts.get(key) ?? 1) - 1
        if (left > 0) counts.set(key, left)
        else counts.delete(key)
      })
      return true
    },
  }
}
