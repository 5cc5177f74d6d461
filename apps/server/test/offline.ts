import { generateKeyPairSync } from 'node:crypto'
import { offlineTokens } from '../src/policy/offline-token.ts'
import type { Order, Orders, SpentToken, UnnotedToken } from '../src/policy/orders.ts'
import type { PolicyServiceOptions } from '../src/policy/start.ts'

/**
 * What a node needs to act without its database, for tests that have no directory.
 *
 * @param beside - another node of the same service: it takes the same tokens
 */
export function offlineParts(beside?: PolicyServiceOptions['offline']): PolicyServiceOptions['offline'] {
  const all: Order[] = []
  const spent = new Map<string, SpentToken>()
  const orders: Orders = {
    all,
    add: (order) => void all.push(order),
    drop: (id) =>
      void all.splice(
        all.findIndex((order) => order.id === id),
        1,
      ),
    isSpent: (nonce) => spent.has(nonce),
    spend: (token) => !spent.has(token.nonce) && spent.set(token.nonce, token).has(token.nonce),
    get unnoted() {
      return [...spent.values()].filter((token): token is UnnotedToken => token.use !== undefined)
    },
    learn: (tokens) => {
      for (const token of tokens) spent.set(token.nonce, { nonce: token.nonce, until: token.until })
    },
  }
  return { orders, tokens: beside?.tokens ?? offlineTokens(generateKeyPairSync('ed25519').privateKey, 'im.test') }
}
