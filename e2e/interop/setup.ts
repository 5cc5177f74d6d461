import { join } from 'node:path'
import { startStack } from '../support/stack.ts'
import { CLIENTS } from './matrix.ts'
import { accountOf, accountsOf, INTEROP_VARIABLE } from './foreign-client.ts'
import type { Product } from './foreign-client.ts'

/** vitest's globalSetup: one product for all foreign clients, and for each of them an alice and a bob. */
export default async function setup(): Promise<() => Promise<void>> {
  const stack = await startStack()
  const { url, c2sPort, c2sTlsPort, dataDir } = stack
  const product: Product = { url, c2sPort, c2sTlsPort, certificate: join(dataDir, 'secrets', 'tls-certificate.pem') }
  process.env[INTEROP_VARIABLE] = JSON.stringify(product) // oxlint-disable-line no-restricted-properties -- the one way into vitest's workers
  for (const client of [...Object.keys(CLIENTS), 'poison']) {
    for (const { name } of Object.values(accountsOf(client))) await stack.account(name)
  }
  for (const person of ['alice', 'bob', 'carol']) await stack.account(accountOf(person, 'pictures').name)
  return async () => stack[Symbol.asyncDispose]()
}
