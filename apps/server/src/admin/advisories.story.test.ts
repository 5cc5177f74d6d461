import { BUNDLE_TYPE, signedBytes } from '@drawbridge/advisories'
import { buildSbom, CHROME_CVE, KEV, VENDOR_VEX } from '@drawbridge/advisories/test-records'
import { noteSightings } from '@drawbridge/db'
import { claimFrom, identify } from '@drawbridge/policy'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { admin } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'

const import_ = ({ local }: Admin, name: string, content: unknown) =>
  local('POST', '/api/v1/advisories/import', {
    json: { name, text: typeof content === 'string' ? content : JSON.stringify(content) },
  })

const proposals = async ({ local }: Admin) =>
  (await local('GET', '/api/v1/advisories/proposals')).body['proposals'] as Record<string, unknown>[]

/** Somebody who was seen with this client. */
async function uses(
  { database, local, accounts }: Admin,
  name: string,
  family: string,
  version: string,
): Promise<void> {
  if (!accounts.find(name)) await local('POST', '/api/v1/accounts', { json: { name } })
  const client = identify([claimFrom({ source: 'client-element', name: family, version })])
  const clientKey = createHash('sha256').update(JSON.stringify(client)).digest()
  const accountId = accounts.find(name)?.id ?? ''
  await noteSightings(database.db, [
    { accountId, clientKey, family, version, identity: client, address: null, seenAt: new Date() },
  ])
}

const registerBuild = ({ local }: Admin, version: string, libwebp: string) =>
  local('POST', '/api/v1/client-builds', {
    json: { family: 'acme-chat', version, sbom: buildSbom('acme-chat', version, libwebp) },
  })

test('control §7.1: a flaw in a library inside a build becomes a proposal, and blocks nobody', async () => {
  await using api = await admin()
  await uses(api, 'ana', 'acme-chat', '4.1.0')
  await uses(api, 'ben', 'acme-chat', '4.2.0')
  await registerBuild(api, '4.1.0', '1.3.1')
  await registerBuild(api, '4.2.0', '1.3.2')
  expect(await proposals(api)).toEqual([])

  const imported = await import_(api, 'cve.json', CHROME_CVE)
  expect(imported).toMatchObject({ status: 200, body: { isSigned: false, proposals: 1 } })
  await import_(api, 'kev.json', KEV)

  const [proposal, ...others] = await proposals(api)
  expect(others).toEqual([])
  expect(proposal).toMatchObject({
    flaw: 'CVE-2023-4863',
    family: 'acme-chat',
    state: 'open',
    confidence: 'exact',
    component: 'libwebp',
    versions: ['4.1.0'],
    minimumVersion: '4.2.0',
    formats: ['webp'],
    people: 1,
    sessions: 0,
    draft: { family: 'acme-chat', below: '4.2.0', action: 'disconnect', preset: 'urgent', formats: ['webp'] },
  })
  expect((await api.local('GET', '/api/v1/client-rules')).body).toEqual({ rules: [] })

  const clients = async (query: string) =>
    (await api.local('GET', `/api/v1/clients?${query}`)).body['clients'] as Record<string, unknown>[]
  expect(await clients('standing=flawed')).toMatchObject([
    { version: '4.1.0', flaws: [{ flaw: 'CVE-2023-4863', isExploited: true }] },
  ])
  expect(await clients('standing=fine&text=ACME')).toMatchObject([{ version: '4.2.0', flaws: [] }])
  expect([await clients('text=4.3'), await clients('live=true')]).toEqual([[], []])

  // The draft is a rule as it stands.
  const simulated = await api.local('POST', '/api/v1/client-rules/simulation', { json: proposal?.['draft'] })
  expect(simulated).toMatchObject({ status: 200, body: { people: 1 } })
})

test('how far a version is behind the latest one in use is told in days (control §2, row 2)', async () => {
  await using api = await admin({ now: () => new Date(Date.now() + 3.5 * 86_400_000) })
  await uses(api, 'ana', 'acme-chat', '4.1.0')
  await uses(api, 'ben', 'acme-chat', '4.10.0')
  await uses(api, 'cem', 'acme-chat', 'nightly')
  const { clients } = (await api.local('GET', '/api/v1/clients')).body as {
    clients: { version: string; daysBehind?: number }[]
  }
  expect(Object.fromEntries(clients.map(({ version, daysBehind }) => [version, daysBehind]))).toEqual({
    '4.1.0': 3,
    '4.10.0': 0,
    nightly: undefined,
  })
})

test('an import can be tried out: what it would open and withhold is counted, and nothing stays', async () => {
  await using api = await admin()
  await uses(api, 'ana', 'acme-chat', '4.1.0')
  await registerBuild(api, '4.1.0', '1.3.1')
  await import_(api, 'kev.json', KEV)
  const settings = { isDegradeArmed: true, products: { clients: {}, components: {} } }
  const armed = await api.local('PUT', '/api/v1/advisories/settings', { json: settings })
  expect(armed.body).toEqual({ ...settings, proposals: 0 })
  const json = { name: 'cve.json', text: JSON.stringify(CHROME_CVE) }
  const tried = await api.local('POST', '/api/v1/advisories/import?dryRun=true', { json })
  expect(tried).toMatchObject({ status: 200, body: { proposals: 1 } })
  expect(await proposals(api)).toEqual([])
  expect((await api.local('GET', '/api/v1/client-rules')).body).toEqual({ rules: [] })
  expect((await import_(api, 'cve.json', CHROME_CVE)).body).toMatchObject({ proposals: 1 })
  expect((await api.local('GET', '/api/v1/client-rules')).body).toMatchObject({ rules: [{ action: 'degrade' }] })
})

test('where it was armed, images are withheld at once; the lock-out still waits for somebody', async () => {
  await using api = await admin()
  await uses(api, 'ana', 'acme-chat', '4.1.0')
  await registerBuild(api, '4.1.0', '1.3.1')
  await api.local('PUT', '/api/v1/advisories/settings', {
    json: { isDegradeArmed: true, products: { clients: {}, components: {} } },
  })

  await import_(api, 'kev.json', KEV)
  await import_(api, 'cve.json', CHROME_CVE)

  const { rules } = (await api.local('GET', '/api/v1/client-rules')).body as { rules: Record<string, unknown>[] }
  expect(rules).toMatchObject([{ family: 'acme-chat', action: 'degrade', formats: ['webp'], stage: 'degrade' }])
  expect(await proposals(api)).toMatchObject([{ state: 'open', rule: rules[0]?.['id'] }])

  // The same record again, from the same or another publisher, adds nothing.
  await import_(api, 'cve.json', CHROME_CVE)
  expect(((await api.local('GET', '/api/v1/client-rules')).body as { rules: unknown[] }).rules).toHaveLength(1)
})

test('a decision stays, until the flaw turns out to be worse', async () => {
  await using api = await admin()
  await uses(api, 'ana', 'acme-chat', '4.1.0')
  await registerBuild(api, '4.1.0', '1.3.1')
  await import_(api, 'cve.json', CHROME_CVE)
  const path = '/api/v1/advisories/proposals/CVE-2023-4863/acme-chat/decision'
  const dismissed = await api.local('POST', path, { json: { decision: 'dismiss', reason: 'images are off there' } })
  expect(dismissed).toMatchObject({ status: 200, body: { state: 'dismissed', reason: 'images are off there' } })

  await import_(api, 'cve.json', CHROME_CVE)
  expect(await proposals(api)).toMatchObject([{ state: 'dismissed' }])

  await import_(api, 'kev.json', KEV)
  expect(await proposals(api)).toMatchObject([{ state: 'open', isExploited: true }])
})

test('nobody uses an affected client any more, or its vendor says it is not affected: the proposal is moot', async () => {
  await using api = await admin()
  await uses(api, 'ana', 'gajim', '1.3.1')
  const own = {
    'acme-chat': { identifiers: [], contains: [] },
    gajim: { identifiers: ['name:google/libwebp', 'pkg:pypi/gajim'], contains: [] },
  }
  await api.local('PUT', '/api/v1/advisories/settings', {
    json: { isDegradeArmed: false, products: { clients: own, components: {} } },
  })
  await import_(api, 'cve.json', { ...CHROME_CVE })
  expect(await proposals(api)).toMatchObject([{ family: 'gajim', state: 'open', confidence: 'likely' }])
  await import_(api, 'vex.json', VENDOR_VEX)
  expect(await proposals(api)).toMatchObject([{ family: 'gajim', state: 'moot' }])
})

test('a bundle needs the signature of a trusted key, and must be newer than the last one', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  await using api = await admin({ feedKeys: [x] })
  const seal = (sequence: number, key = privateKey) => {
    const files = [
      { name: 'kev.json', text: JSON.stringify(KEV) },
      { name: 'cve.json', text: JSON.stringify(CHROME_CVE) },
    ]
    const payload = Buffer.from(JSON.stringify({ sequence, createdAt: '2023-09-14T00:00:00Z', files }))
    const sig = sign(null, signedBytes(payload), key).toString('base64')
    return { payloadType: BUNDLE_TYPE, payload: payload.toString('base64'), signatures: [{ keyid: '', sig }] }
  }
  expect(await import_(api, 'feed', seal(7))).toMatchObject({ status: 200, body: { isSigned: true } })
  expect(await import_(api, 'feed', seal(7))).toMatchObject({ status: 409, body: { type: '/problems/feed-outdated' } })
  expect(await import_(api, 'feed', seal(8, generateKeyPairSync('ed25519').privateKey))).toMatchObject({
    status: 400,
    body: { type: '/problems/feed-not-trusted' },
  })
  expect(await import_(api, 'junk', '{"a":1}')).toMatchObject({
    status: 400,
    body: { type: '/problems/feed-unreadable' },
  })

  const { advisories } = (await api.local('GET', '/api/v1/advisories')).body
  expect(advisories).toMatchObject([{ id: 'CVE-2023-4863', kind: 'cve', importedBy: 'local:cli' }])
})

test('a bill of materials that is nested very deep, or a body that nobody asked for, is refused in words', async () => {
  await using api = await admin()
  const deep = `${'{"components":['.repeat(5_000)}${']}'.repeat(5_000)}`
  const raw = `{"family":"acme-chat","version":"1","sbom":${deep}}`
  const headers = { 'content-type': 'application/json' }
  expect(await api.local('POST', '/api/v1/client-builds', { raw, headers })).toMatchObject({
    status: 400,
    body: { detail: 'It is nested deeper than 500 levels.' },
  })
  expect(await api.local('POST', '/api/v1/approvals/x/approve', { json: {} })).toMatchObject({
    status: 400,
    body: { detail: 'This request takes no body.' },
  })
})
