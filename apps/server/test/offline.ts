import { generateKeyPairSync } from 'node:crypto'
import { offlineTokens } from '../src/policy/offline-token.ts'
import type { Order, Orders } from '../src/policy/orders.ts'
import type { PolicyServiceOptions } from '../src/policy/start.ts'

/** What a node needs to act without its database, for tests that have no directory. */
export function offlineParts(): PolicyServiceOptions['offline'] {
  const all: Order[] = []
  const spent = new Set<string>()
  const orders: Orders = {
    all,
    add: (order) => void all.push(order),
    drop: (id) =>
      void all.splice(
        all.findIndex((order) => order.id === id),
        1,
      ),
    isSpent: (nonce) => spent.has(nonce),
    spend: (nonce) => !spent.has(nonce) && spent.add(nonce).has(nonce),
  }
  return { orders, tokens: offlineTokens(generateKeyPairSync('ed25519').privateKey, 'im.test') }
}
