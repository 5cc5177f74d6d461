import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createClientProofs } from './client-proofs.ts'
import { createClientTokens } from './client-token.ts'
import type { EnrolledKey } from './device-keys.ts'
import { importInstallationKey } from './installation-key.ts'

// What an MDM has exported, and what the keys of two of its devices have signed once. Their private parts are gone.

interface Recorded {
  readonly device: string
  readonly account: string
  readonly streamId: string
  readonly key: string
  readonly signature: string
}
interface Exported {
  readonly deviceName: string
  readonly attestationKey: string | object
}
const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../test/streams/${name}.json`, import.meta.url), 'utf8'))
const assertions = recorded('recorded-assertions') as readonly Recorded[]
const devices = recorded('mdm-export') as readonly Exported[]

const NOW = new Date('2026-11-23T04:00:00Z')
const ALICE = { id: 'a', bareJid: 'alice@im.test' }
const ENROLLED = { accountId: 'a', notAfter: new Date('2099-09-14T07:31:09Z'), isRevoked: false }

function proofsWith({ device }: Recorded, enrolled: EnrolledKey | undefined) {
  const exported = devices.find(({ deviceName }) => deviceName === device)?.attestationKey ?? ''
  const text = typeof exported === 'string' ? exported : JSON.stringify(exported)
  const thumbprint = importInstallationKey(text)?.thumbprint
  return createClientProofs({
    domain: 'im.test',
    tokens: createClientTokens(Buffer.alloc(32), 'im.test', 600_000),
    deviceKeys: { find: (asked) => (asked === thumbprint ? enrolled : undefined) },
    now: () => NOW,
  })
}

const claimOf = ({ key, signature }: Recorded) => ({
  name: 'Acme Chat',
  version: '4.2.0',
  proof: { key, signature },
})
const placeOf = ({ streamId }: Recorded, account = ALICE) => ({
  account,
  connection: { streamId, channelBindings: undefined },
})

test.each(assertions)('control §3.1 E4: what $device signed is proof, with the key that its export has', (one) => {
  const [proof, ...more] = proofsWith(one, ENROLLED).check(claimOf(one), placeOf(one))
  expect(more).toEqual([])
  expect(proof).toMatchObject({
    claim: { source: 'device-key', family: 'acme-chat', version: '4.2.0' },
    until: ENROLLED.notAfter,
  })
})

const [laptop] = assertions as [Recorded]
const worthless: readonly (readonly [string, EnrolledKey | undefined, Partial<Recorded>, typeof ALICE])[] = [
  ['on another stream', ENROLLED, { streamId: 'kFJ2nT0xV9qYwE3rLmZb4B' }, ALICE],
  ['by somebody else', ENROLLED, {}, { id: 'b', bareJid: 'bob@im.test' }],
  ['for an account that the key is not of', { ...ENROLLED, accountId: 'b' }, {}, ALICE],
  ['when the key is revoked', { ...ENROLLED, isRevoked: true }, {}, ALICE],
  ['when the key has expired', { ...ENROLLED, notAfter: NOW }, {}, ALICE],
  ['when nobody has enrolled the key', undefined, {}, ALICE],
  ['with the key of another device', ENROLLED, { key: assertions[1]?.key ?? '' }, ALICE],
  ['cut short', ENROLLED, { signature: laptop.signature.slice(0, -2) }, ALICE],
]

test.each(worthless)('control §3.1 E4: it is worth nothing %s', (_, enrolled, twist, account) => {
  const one = { ...laptop, ...twist }
  expect(proofsWith(laptop, enrolled).check(claimOf(one), placeOf(one, account))).toEqual([])
})
