import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { dialTls } from './line.ts'
import type { Line, TcpLine } from './line.ts'
import { installation, provedClient, streamIdIn } from './proving-client.ts'
import type { Installation } from './proving-client.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bind2, conditionIn, jidIn, scram2, userAgent } from './sasl2.ts'
import { open, PING, PONG } from './sign-in.ts'

// Control §3.1, tier E4: keys of managed devices; and protected units, which ask for a tier.

const NATIVE = { name: 'acme-chat', version: '4.2.0', build: 'a1' } as const
const FAR = '2099-01-01T00:00:00Z'

let server: RunningServer
const lines: Line[] = []

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false })
  for (const name of ['alice', 'bob', 'carol']) await server.account(name)
}, 60_000)

afterAll(async () => {
  for (const line of lines) line.destroy()
  await server[Symbol.asyncDispose]()
})

const api = async (method: string, path: string, body?: unknown) => {
  const answer = await server.admin(method, `/api/v1/${path}`, body)
  return { status: answer.status, body: answer.body as Readonly<Record<string, unknown>> }
}

const pem = ({ publicKey }: Installation) => publicKey.export({ type: 'spki', format: 'pem' }).toString()
const enrol = (keys: readonly Installation[], more: object = {}, key: object = {}) =>
  api('POST', 'device-keys', {
    mdm: 'Acme MDM',
    keys: keys.map((one, n) => ({ account: 'alice', device: `LT-${n}`, publicKey: pem(one), notAfter: FAR, ...key })),
    ...more,
  })
const thumbprintOf = async (one: Installation) => {
  const { x, y } = one.publicKey.export({ format: 'jwk' })
  const members = JSON.stringify({ crv: 'P-256', kty: 'EC', x, y })
  return createHash('sha256').update(members).digest('base64url')
}

async function dial(): Promise<TcpLine> {
  const line = await dialTls(server.c2sTlsPort)
  lines.push(line)
  return line
}

/** Signs in with a proof of a key, as a native client does. */
async function arrive(one: Installation, name = 'alice', bindingOf?: (line: TcpLine) => Buffer) {
  const line = await dial()
  const id = streamIdIn(await open(line))
  const binding = bindingOf?.(line)
  const signature = one.signed(id, `${name}@im.test`, binding)
  const shown = { key: one.key, signature, ...(binding && { binding: 'tls-exporter' }) }
  const outcome = await scram2(line, name, { inside: provedClient(shown, NATIVE) + bind2('Acme') })
  return { line, shown, outcome, jid: jidIn(outcome) }
}

async function known(jid: string | undefined): Promise<unknown> {
  const { body } = await api('GET', 'sessions')
  return (body['sessions'] as readonly { jid: string; client: unknown }[]).find((one) => one.jid === jid)?.client
}
const E4 = { tier: 'E4', source: 'device-key', family: 'acme-chat', isSuspect: false }
const E1 = { tier: 'E1', source: 'client-element' }

test('control §3.1 E4: who proves an enrolled key is known by it; a revocation is felt at once, and is for good', async () => {
  const one = installation()
  expect(await known((await arrive(one)).jid)).toMatchObject(E1)
  expect(await enrol([one])).toMatchObject({ status: 201, body: { enrolled: 1, skipped: [] } })
  const { line, jid } = await arrive(one)
  expect(await known(jid)).toMatchObject(E4)

  const { body } = await api('POST', 'client-rules', {
    family: 'acme-chat',
    belowTier: 'E4',
    action: 'disconnect',
    preset: 'now',
  })
  const ruleId = (body['rule'] as { id: string }).id
  line.send(PING)
  await line.until(PONG)
  const path = `device-keys/${await thumbprintOf(one)}`
  // Tried out, it names the sessions that it would close; done, it has closed as many.
  const would = { effect: { disconnected: 1, notified: 0, closes: [jid], nodes: [] } }
  expect(await api('DELETE', `${path}?dryRun=true`)).toMatchObject({ status: 200, body: would })
  const incomplete = await api('POST', 'device-keys?dryRun=true', { mdm: 'Acme MDM', keys: [], isComplete: true })
  expect(incomplete).toMatchObject({ status: 200, body: { revoked: [await thumbprintOf(one)], ...would } })
  expect(await known(jid)).toMatchObject(E4)
  const key = { account: 'alice', device: 'LT-0' }
  const done = { disconnected: 1, notified: 0 }
  expect(await api('DELETE', path)).toMatchObject({ status: 200, body: { key, effect: done } })
  expect(await line.closed()).toContain('<policy-violation')
  await api('DELETE', `client-rules/${ruleId}`)

  expect(await known((await arrive(one)).jid)).toMatchObject(E1)
  expect((await api('DELETE', path)).status).toBe(404)
  // An export knows nothing of it.
  expect((await enrol([one])).body).toMatchObject({ enrolled: 0, stillRevoked: [await thumbprintOf(one)] })
  expect(await known((await arrive(one)).jid)).toMatchObject(E1)
})

test('control §3.1 E4: a key is of one account, and a signature of one stream and one connection', async () => {
  const one = installation('Ed25519')
  await enrol([one])
  const exporter = (line: TcpLine) =>
    (line.socket as TLSSocket).exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  const bound = await arrive(one, 'alice', exporter)
  expect(await known(bound.jid)).toMatchObject(E4)
  // Somebody in the middle has TLS of his own with each side.
  expect(await known((await arrive(one, 'alice', () => Buffer.alloc(32))).jid)).toMatchObject(E1)
  expect(await known((await arrive(one, 'bob')).jid)).toMatchObject(E1)
  const replay = await dial()
  await open(replay)
  const outcome = await scram2(replay, 'alice', { inside: provedClient(bound.shown, NATIVE) + bind2('Replay') })
  expect(await known(jidIn(outcome))).toMatchObject(E1)
})

test('control §3.1 E4: an import that is complete revokes what it does not name, and says what it cannot use', async () => {
  const [kept, lost] = [installation(), installation()]
  const mdm = { mdm: 'Fleet' }
  await enrol([kept, lost], mdm)
  const { jid } = await arrive(lost)
  expect(await known(jid)).toMatchObject(E4)
  const key = { account: 'alice', device: 'LT-9', publicKey: pem(installation()), notAfter: FAR }
  const { status, body } = await api('POST', 'device-keys', {
    ...mdm,
    isComplete: true,
    keys: [
      { ...key, publicKey: pem(kept) },
      { ...key, account: 'nobody' },
      { ...key, publicKey: 'no key' },
      { ...key, notAfter: '2020-01-01T00:00:00Z' },
      { ...key, publicKey: pem(kept) },
    ],
  })
  expect({ status, ...body }).toMatchObject({
    status: 201,
    enrolled: 1,
    revoked: [await thumbprintOf(lost)],
    skipped: [
      { index: 1, fault: 'no-such-account' },
      { index: 2, fault: 'unusable-key' },
      { index: 3, fault: 'expired' },
      { index: 4, fault: 'named-twice' },
    ],
  })
  expect(await known(jid)).toMatchObject(E1)
  expect(await known((await arrive(kept)).jid)).toMatchObject(E4)
  const { audit } = { audit: (await api('GET', 'audit?limit=5')).body['entries'] as readonly { action: string }[] }
  expect(audit.some(({ action }) => action === 'import-device-keys')).toBe(true)
})

test('control §3.1: a protected unit lets in who is known well enough, in posture discover, too; others learn why', async () => {
  const one = installation()
  await enrol([one])
  await api('POST', 'units', { name: 'board', displayName: 'Board' })
  await api('PUT', 'units/board/members', { members: ['alice'] })
  const tried = await api('PUT', 'units/board/minimum-tier?dryRun=true', { minimumTier: 'E4' })
  expect(tried).toMatchObject({ status: 200, body: { minimumTier: 'E4', people: 1 } })
  expect(tried.body['affected']).toContainEqual(expect.objectContaining({ account: 'alice', after: 'block' }))
  expect(jidIn((await arrive(installation())).outcome)).toBeDefined()

  expect((await api('PUT', 'units/board/minimum-tier', { minimumTier: 'E4' })).status).toBe(200)
  expect((await api('GET', 'units/board')).body).toMatchObject({ unit: { minimumTier: 'E4' } })
  const refused = await arrive(installation())
  expect(await refused.line.closed()).toContain('<policy-violation')
  // Whoever administers sees who was kept out, and why.
  await vi.waitFor(
    async () => {
      const { uses } = (await api('GET', 'clients/uses?account=alice&unknown=true')).body
      expect(uses).toEqual([expect.objectContaining({ unknownBecause: expect.stringContaining('E4 is asked for') })])
    },
    { timeout: 10_000 },
  )
  expect(await known((await arrive(one)).jid)).toMatchObject(E4)
  // Nobody else is asked for more than before.
  expect(await known((await arrive(installation(), 'bob')).jid)).toMatchObject(E1)
  // It is with the rest of the policy.
  const { body } = await api('GET', 'policy')
  expect(body['document']).toMatchObject({ clientPosture: 'discover', minimumTiers: { board: 'E4' } })
  expect((await api('PUT', 'units/board/minimum-tier', { minimumTier: null })).status).toBe(200)
  expect(jidIn((await arrive(installation())).outcome)).toBeDefined()
})

/** XEP-0115 §5.1 for one identity and no feature. */
const verOf = (name: string) => createHash('sha1').update(`client/pc//${name}<`).digest('base64')

test('control §3.1: where E2 is asked for, a client waits in limbo until its capabilities have spoken', async () => {
  await api('POST', 'units', { name: 'lab', displayName: 'Lab' })
  await api('PUT', 'units/lab/members', { members: ['carol'] })
  expect((await api('PUT', 'units/lab/minimum-tier', { minimumTier: 'E2' })).status).toBe(200)
  let n = 0
  // Each an installation of its own: of one that was turned away it is known.
  const come = async (answer: (id: string, node: string) => string) => {
    const line = await dial()
    await open(line)
    const outcome = await scram2(line, 'carol', { inside: userAgent(`c${++n}`, 'Gajim 1.9.0') + bind2('Gajim') })
    expect(conditionIn(outcome)).toBeUndefined()
    const ver = verOf('Gajim')
    line.send(
      `<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://gajim.org' ver='${ver}'/></presence>`,
    )
    const asked = await line.until(/<iq [^>]*><query xmlns="http:\/\/jabber.org\/protocol\/disco#info"[^>]*>/s)
    line.send(answer(/ id="([^"]+)"/.exec(asked)?.[1] ?? '', `https://gajim.org#${ver}`))
    return { line, jid: jidIn(outcome) }
  }
  const info = (name: string) => (id: string, node: string) =>
    `<iq type='result' id='${id}' to='im.test'><query xmlns='http://jabber.org/protocol/disco#info' node='${node}'>` +
    `<identity category='client' type='pc' name='${name}'/></query></iq>`
  const liar = await come(info('Something else'))
  expect(await liar.line.closed()).toContain('<policy-violation')
  const silent = await come((id) => `<iq type='error' id='${id}' to='im.test'><error type='cancel'/></iq>`)
  expect(await silent.line.closed()).toContain('<policy-violation')

  const honest = await come(info('Gajim'))
  honest.line.send(PING)
  await honest.line.until(PONG)
  expect(await known(honest.jid)).toMatchObject({ tier: 'E2', family: 'gajim' })
  expect(server.complaints).toEqual([])
}, 30_000)
