import { xml } from '@drawbridge/xmpp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { capsOf, connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'
import { CAPABILITIES, capabilitiesOf, CLIENTS } from './matrix.ts'
import type { Client, ClientName } from './matrix.ts'
import { missingPackage } from './packages.ts'
import { SCENARIOS, SECOND_HALVES } from './scenarios.ts'

/** Where the product listens. */
export interface Product {
  readonly url: string
  readonly c2sPort: number
  readonly c2sTlsPort: number
  /** The server's self-signed certificate, as a PEM file. */
  readonly certificate: string
}

/** Environment variable that brings the product to the tests. */
export const INTEROP_VARIABLE = 'DRAWBRIDGE_TEST_INTEROP'

/** Some clients ask for a receipt, or correct, only where they know that it is understood. */
const BOBS_FEATURES = [
  'http://jabber.org/protocol/disco#info',
  'urn:xmpp:message-correct:0',
  'urn:xmpp:reactions:0',
  'urn:xmpp:receipts',
]

/** Who signs in, and with whom there is something to talk about. */
export interface Persona {
  /** Bare address. */
  readonly jid: string
  readonly name: string
  readonly password: string
  readonly bob: string
}

/**
 * What the scenarios ask of a client that was made without us. A method that is absent is something it cannot do.
 * Each resolves when it is done or seen, and rejects when that does not come about.
 */
export interface ForeignClient extends AsyncDisposable {
  /** The SASL mechanism by which it signed in, by its own account. */
  readonly mechanism: () => Promise<string>
  readonly addContact?: (jid: string) => Promise<void>
  /** Agrees to a request for its presence that has arrived. */
  readonly acceptContact?: (jid: string) => Promise<void>
  readonly seesOnline?: (jid: string) => Promise<void>
  readonly say?: (jid: string, text: string) => Promise<void>
  /** Knows that what it said has arrived (XEP-0184). */
  readonly knowsArrived?: (text: string) => Promise<void>
  /** Shows this text of a conversation. */
  readonly shows?: (jid: string, text: string) => Promise<void>
  /** Shows this text from the archive (XEP-0313), which it did not get live. */
  readonly showsHistory?: (jid: string, text: string) => Promise<void>
  readonly joinRoom?: (room: string, nick: string) => Promise<void>
  readonly sayInRoom?: (room: string, text: string) => Promise<void>
  readonly showsInRoom?: (room: string, text: string) => Promise<void>
  /** Uploads a file (XEP-0363) and sends its address. */
  readonly share?: (jid: string, path: string) => Promise<void>
  /** Corrects what it said last (XEP-0308). */
  readonly correct?: (jid: string, was: string, text: string) => Promise<void>
  readonly showsCorrection?: (jid: string, was: string, text: string) => Promise<void>
  /** Reacts to a message that it shows (XEP-0444). */
  readonly react?: (jid: string, text: string, emoji: string) => Promise<void>
  readonly showsReaction?: (jid: string, text: string, emoji: string) => Promise<void>
  readonly block?: (jid: string) => Promise<void>
  /** Publishes a picture of its own (XEP-0084 or XEP-0153). */
  readonly publishAvatar?: (path: string) => Promise<void>
}

/** The two accounts that are for one client alone. */
export function accountsOf(client: string) {
  return { alice: accountOf('alice', client), bob: accountOf('bob', client) }
}

/** One person's account for the tests of this name. */
export function accountOf(person: string, tests: string) {
  const name = `${person}-${tests.toLowerCase()}`
  return { name, jid: `${name}@localhost`, password: `${name}-password` }
}

/** Signs a client in and takes it through everything that the matrix says it can do. */
export function describeClient(
  name: ClientName,
  start: (persona: Persona, product: Product) => Promise<ForeignClient>,
): void {
  describe(`${name}`, () => {
    let alice: ForeignClient
    let bob: TestClient
    const client: Client = CLIENTS[name]
    const missing = missingPackage(client)
    const { alice: alices, bob: bobs } = accountsOf(name)
    const persona: Persona = { ...alices, bob: bobs.jid }
    beforeAll(async () => {
      if (missing !== undefined) return
      const product = productFromEnvironment()
      bob = await connectClient({ port: product.c2sPort, ...bobs, features: BOBS_FEATURES })
      await bob.ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
      bob.send(xml('presence', {}, capsOf(BOBS_FEATURES)))
      alice = await start(persona, product)
    })
    afterAll(async () => {
      await alice?.[Symbol.asyncDispose]()
      await bob?.end()
    })
    for (const capability of capabilitiesOf(client))
      test(`${CAPABILITIES[capability]}`, ({ skip }) => {
        if (missing !== undefined) return skip(`${missing} is not installed`)
        const half = SECOND_HALVES[capability]
        if (half && !client.except[capability]) expect(alice, 'the matrix says nothing of a half').toHaveProperty(half)
        return SCENARIOS[capability]({ alice, bob, persona, mechanism: client.mechanism })
      })
  })
}

/** What `setup.ts` has started. */
export function productFromEnvironment(): Product {
  const given = process.env[INTEROP_VARIABLE] // oxlint-disable-line no-restricted-properties -- the one way into vitest's workers
  expect(given, 'run this with --project interop').toBeDefined()
  return JSON.parse(given ?? '') as Product
}
