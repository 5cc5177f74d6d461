import { buildSbom } from '@drawbridge/advisories/test-records'
import { CODES } from '@drawbridge/contract'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { dialTls } from './line.ts'
import type { Line } from './line.ts'
import { fetchToken, installation, provedClient, streamIdIn } from './proving-client.ts'
import type { Installation } from './proving-client.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bind2, jidIn, scram2, userAgent } from './sasl2.ts'
import { open } from './sign-in.ts'

// What a client says of itself is a claim. This is what each kind of claim is worth, in both postures.

const own = (version: string, name = 'drawbridge-web') =>
  `<client xmlns='urn:drawbridge:client:1' name='${name}' version='${version}'/>`
const caps = (node: string) =>
  `<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='${node}' ver='AAAA'/></presence>`
const GAJIM = 'https://gajim.org'
const SLIXMPP_1 = 'https://slixmpp.com/ver/1.0'

/** What becomes of a client. What is too large never gets as far as a claim. */
type Action = 'admitted' | 'refused: unknown' | 'refused: too old' | 'refused: not proved' | 'refused: too large'

interface Case {
  readonly claim: string
  /** In `<authenticate/>`; of what is proved, made for the stream. */
  readonly inside?: string | ((server: RunningServer, streamId: string) => Promise<string>)
  /** Name and version that it answers when it is asked (XEP-0092). Absent: it answers that it does not say. */
  readonly reply?: readonly [name: string, version: string]
  /** Sent once it is bound. */
  readonly after?: string
  /** What is known of it while there is no rule. */
  readonly tier: 'none' | 'E0' | 'E1' | 'E1 suspect' | 'E3' | 'E4'
  readonly discover: Action
  readonly enforce: Action
}

const FINE = { tier: 'E1', discover: 'admitted', enforce: 'admitted' } as const
const OLD = { tier: 'E1', discover: 'refused: too old', enforce: 'refused: too old' } as const
const JUNK = { tier: 'E1', discover: 'refused: unknown', enforce: 'refused: unknown' } as const
const HUGE = { tier: 'none', discover: 'refused: too large', enforce: 'refused: too large' } as const

const UNPROVED = { tier: 'E1', discover: 'refused: not proved', enforce: 'refused: not proved' } as const

// What is proved, of a client that has to prove something: each installation has a key of its own.
const ACME = { name: 'acme-chat', version: '4.2.0', build: 'a1' } as const
const [page, other, device, lost] = [1, 2, 3, 4].map(() => installation()) as [
  Installation,
  Installation,
  Installation,
  Installation,
]
/** A token that its own page has shown until it ran out. */
const spent = new Map<RunningServer, string>()

/** What holds the key signs the stream, and shows a token that was given to somebody, maybe. */
const shows =
  (signer: Installation, token?: (server: RunningServer) => Promise<string | undefined>, key = signer.key) =>
  async (server: RunningServer, streamId: string) =>
    provedClient({ key, signature: signer.signed(streamId), token: await token?.(server) }, ACME)
const tokenOf =
  (one: Installation, account = 'alice@im.test') =>
  async (server: RunningServer) =>
    (await fetchToken(server, one, { ...ACME, account })).token
const bent = async (server: RunningServer) =>
  (await tokenOf(page)(server)).replace(/^./, (a) => (a === 'A' ? 'B' : 'A'))

const MATRIX: readonly Case[] = [
  { claim: 'E3: a token', inside: shows(page, tokenOf(page)), ...FINE, tier: 'E3' },
  { claim: 'E3: a token that has run out', inside: shows(page, async (server) => spent.get(server)), ...UNPROVED },
  { claim: 'E3: a forged token', inside: shows(page, bent), ...UNPROVED },
  { claim: 'E3: a token of another account', inside: shows(page, tokenOf(page, 'bob@im.test')), ...UNPROVED },
  { claim: 'E3: a token of another installation', inside: shows(other, tokenOf(page)), ...UNPROVED },
  { claim: 'E4: an enrolled key', inside: shows(device), ...FINE, tier: 'E4' },
  { claim: 'E4: a revoked key', inside: shows(lost), ...UNPROVED },
  { claim: 'E4: the signature of another key', inside: shows(other, undefined, device.key), ...UNPROVED },
  {
    claim: 'E4: a signature of another stream',
    inside: async (server) => shows(device)(server, 'kFJ2nT0xV9qYwE3rLmZb4A'),
    ...UNPROVED,
  },
  { claim: 'nothing that is proved', inside: provedClient(undefined, ACME), ...UNPROVED },
  { claim: 'the minimum', inside: own('2.0.0'), ...FINE },
  // Nothing that a client says tells a liar from a client of tomorrow: that is what higher tiers are for.
  { claim: 'too new', inside: own('99999.0.0'), ...FINE },
  { claim: 'too old', inside: own('1.9.9'), ...OLD },
  { claim: 'a pre-release of the minimum', inside: own('2.0.0-rc.1'), ...OLD },
  { claim: 'too old, when asked', reply: ['Drawbridge Web', '1.9.9'], ...OLD },
  { claim: 'absent', tier: 'E0', discover: 'admitted', enforce: 'refused: unknown' },
  { claim: 'version absent', inside: own(''), ...JUNK },
  { claim: 'version junk', inside: own('∞.☃.-1'), ...JUNK },
  { claim: 'version like a range', inside: own('&gt;=2.0.0'), ...JUNK },
  { claim: 'version too long', inside: own(`2.0.0${'0'.repeat(1_000)}`), ...JUNK },
  { claim: 'name junk', inside: own('2.0.0', '☃☃☃'), ...JUNK },
  { claim: 'two that differ', inside: own('1.0.0') + own('2.0.0'), ...JUNK },
  { claim: 'junk after the slash', inside: userAgent('t', 'Drawbridge Web/next'), ...JUNK },
  { claim: '10 kB while signing in', inside: own('9'.repeat(10_000)), ...HUGE },
  { claim: 'version of 10 kB, when asked', reply: ['Drawbridge Web', '9'.repeat(10_000)], ...JUNK },
  { claim: 'name of 10 kB, when asked', reply: ['x'.repeat(10_000), '2.0.0'], ...JUNK },
  {
    claim: 'caps of another client',
    inside: own('2.0.0'),
    after: caps(GAJIM),
    tier: 'E1 suspect',
    discover: 'admitted',
    enforce: 'refused: unknown',
  },
  { claim: 'caps of one too old', inside: own('2.0.0'), after: caps(SLIXMPP_1), ...OLD, tier: 'E1 suspect' },
  {
    claim: 'caps of an older version',
    inside: userAgent('s', 'Slixmpp 2.5'),
    after: caps(SLIXMPP_1),
    ...OLD,
    tier: 'E1 suspect',
  },
]

let discover: RunningServer
let enforce: RunningServer

beforeAll(async () => {
  const clientProof = { tokenTtlMs: '3s' }
  discover = await runServer({ allowPlaintext: false, clientProof })
  enforce = await runServer({ allowPlaintext: false, clientProof, policy: { posture: 'enforce' } })
  const prepare = async (server: RunningServer) => {
    await server.account('alice')
    const post = async (path: string, body: unknown) => {
      const answer = await server.admin('POST', `/api/v1/${path}`, body)
      if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    }
    const { name: family, version, build } = ACME
    await post('client-builds', { family, version, build, sbom: buildSbom(family, version, '1.3.2') })
    const key = ({ publicKey }: Installation, label: string) => ({
      account: 'alice',
      device: label,
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
      notAfter: '2099-01-01T00:00:00Z',
    })
    await post('device-keys', { mdm: 'MDM', keys: [key(device, 'LT-1'), key(lost, 'LT-2')] })
    // The next export does not have it any more.
    await post('device-keys', { mdm: 'MDM', keys: [key(device, 'LT-1')], isComplete: true })
    const line = await dialTls(server.c2sTlsPort)
    spent.set(server, await tokenOf(page)(server))
    const shown: Case = { ...MATRIX[0]!, inside: shows(page, async () => spent.get(server)) }
    const jid = jidIn(await signInWith(server, line, shown))
    await vi.waitFor(async () => expect(await tierOfSession(server, jid)).toBe('E1'), { timeout: 10_000 })
    line.destroy()
  }
  await Promise.all([discover, enforce].map(prepare))
}, 60_000)

afterAll(async () => {
  await discover[Symbol.asyncDispose]()
  await enforce[Symbol.asyncDispose]()
})

/** Signs in with a claim and returns all that the server says up to the answer to a ping, or to the end. */
async function signInWith(server: RunningServer, line: Line, { inside: how = '', reply, after = '' }: Case) {
  const streamId = streamIdIn(await open(line))
  const inside = typeof how === 'string' ? how : await how(server, streamId)
  let said = await Promise.race([scram2(line, 'alice', { inside: inside + bind2('Test') }), line.closed()])
  if (/<failure|<stream:error/.test(said)) return said
  line.send(`${after}<iq type='get' id='ping' to='im.test'><ping xmlns='urn:xmpp:ping'/></iq>`)
  for (;;) {
    said += await line.until(/<iq [^>]*?(\/>|>.*?<\/iq>)|<\/stream:stream>/s)
    if (/id="ping"|<\/stream:stream>$/.test(said)) return said
    const asked = /<iq [^>]*id="([^"]+)"[^>]*><query xmlns="jabber:iq:version"/.exec(said)?.[1]
    if (asked !== undefined) line.send(versionReply(asked, reply))
  }
}

function versionReply(id: string, reply: Case['reply']): string {
  if (!reply) return `<iq type='error' id='${id}' to='im.test'><error type='cancel'/></iq>`
  const [name, version] = reply
  const query = `<query xmlns='jabber:iq:version'><name>${name}</name><version>${version}</version></query>`
  return `<iq type='result' id='${id}' to='im.test'>${query}</iq>`
}

function actionIn(said: string): Action {
  if (said.includes('stanza too large')) return 'refused: too large'
  if (said.includes(CODES['client-too-old'].text.en)) return 'refused: too old'
  if (said.includes(CODES['client-unknown'].text.en)) return 'refused: unknown'
  if (said.includes(CODES['client-not-allowed'].text.en)) return 'refused: not proved'
  if (/<failure|<stream:error/.test(said)) throw new Error(`refused for another reason: ${said}`)
  return 'admitted'
}

async function actionOf(server: RunningServer, one: Case): Promise<Action> {
  const line = await dialTls(server.c2sTlsPort)
  try {
    return actionIn(await signInWith(server, line, one))
  } finally {
    line.destroy()
  }
}

type Row = Readonly<Record<'claim' | 'tier' | 'discover' | 'enforce', string>>

const rowOf = ({ claim, tier, discover: lenient, enforce: strict }: Case): Row => {
  return { claim, tier, discover: lenient, enforce: strict }
}

interface Known {
  readonly jid: string
  readonly client: { readonly tier: string; readonly isSuspect: boolean }
}

async function tierOfSession(server: RunningServer, jid: string | undefined): Promise<string> {
  const { sessions } = (await server.admin('GET', '/api/v1/sessions')).body as { readonly sessions: readonly Known[] }
  const client = sessions.find((session) => session.jid === jid)?.client
  return client ? `${client.tier}${client.isSuspect ? ' suspect' : ''}` : 'none'
}

/** What the inventory says of a client while it is connected. */
async function tierOf(server: RunningServer, one: Case): Promise<string> {
  const line = await dialTls(server.c2sTlsPort)
  try {
    return await tierOfSession(server, jidIn(await signInWith(server, line, one)))
  } finally {
    line.destroy()
  }
}

test('control §7.3 the spoof matrix: tier and action for each claim, and junk never fares better than an old version', async () => {
  const tiers = new Map<string, string>()
  for (const one of MATRIX) tiers.set(one.claim, await tierOf(discover, one))
  for (const server of [discover, enforce]) {
    for (const family of ['drawbridge-web', 'slixmpp']) {
      const rule = { family, below: '2.0.0', action: 'block', preset: 'now', url: 'https://im.test/update' }
      expect((await server.admin('POST', '/api/v1/client-rules', rule)).status).toBe(201)
    }
  }
  for (const server of [discover, enforce]) {
    const rule = { family: 'acme-chat', belowTier: 'E3', action: 'block', preset: 'now' }
    expect((await server.admin('POST', '/api/v1/client-rules', rule)).status).toBe(201)
  }
  const found: Row[] = []
  for (const one of MATRIX) {
    found.push({
      claim: one.claim,
      tier: tiers.get(one.claim) ?? '',
      discover: await actionOf(discover, one),
      enforce: await actionOf(enforce, one),
    })
  }
  console.table(found)
  expect(found).toEqual(MATRIX.map(rowOf))
  // Whatever cannot be compared is kept out wherever an old version is.
  const unread = found.filter(({ claim }) => /junk|10 kB|too long|range|version absent/.test(claim))
  expect(unread).toHaveLength(9)
  expect(unread.filter((row) => row.discover === 'admitted' || row.enforce === 'admitted')).toEqual([])
  expect([...discover.complaints, ...enforce.complaints]).toEqual([])
}, 60_000)
