import { insertAccount, listAudit, uuidv7 } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { keyFile } from '../../test/keys.ts'
import { localSocket } from '../../test/local-socket.ts'
import { png, slotFor, uploads } from '../../test/uploads.ts'
import { sweep } from '../features/upload/sweep.ts'

const DAY_MS = 86_400_000
const PASSWORDS = { carol: 'seven gray herons', dave: 'eleven slow trams' } as const

/** A server that seals, two administrators, and the local socket. */
async function sealing(settings: Readonly<Record<string, unknown>>) {
  let later = 0
  const u = await uploads({ settings: { blobs: settings }, now: () => new Date(Date.now() + later) })
  const { ctx, policy } = u.server
  await policy.operations.setMediaPolicy('local:cli', { ...policy.gate.settings.media.service, originals: 'seal' })
  for (const localpart of ['carol', 'dave'] as const) {
    const id = uuidv7()
    const credentials = await ctx.passwords.make({ id, localpart }, PASSWORDS[localpart])
    const row = await insertAccount(ctx.db, { localpart, credentials, isAdmin: true }, id)
    if (row === 'exists') throw new Error('exists')
    ctx.accounts.put(row)
  }
  // They have been administrators for a while.
  await ctx.db.execute("update account set rights_since = now() - interval '2 days'")
  await ctx.db.execute("update credential set updated_at = now() - interval '2 days'")
  const socket = await localSocket(u.server)
  return {
    ...u,
    pass: (ms: number) => void (later += ms),
    local: socket.ask,
    async send(text: string) {
      const slot = await slotFor(u.alice, 'a.png', png(text))
      return u.fetch('PUT', slot.url, png(text), slot.headers)
    },
    async [Symbol.asyncDispose]() {
      socket[Symbol.dispose]()
      await u[Symbol.asyncDispose]()
    },
  }
}

const as = (name: keyof typeof PASSWORDS) => ({ name, password: PASSWORDS[name] })

test('sealed bytes are seen when two administrators agree, on this machine, for a day, and all of it is on record', async () => {
  await using keys = await keyFile()
  await using s = await sealing({ evidenceKeyFile: keys.path })
  expect((await s.send('hello')).status).toBe(201)
  expect((await s.send('broken')).status).toBe(422)

  const { evidence } = (await s.local('GET', 'evidence')).json
  expect(evidence).toMatchObject([
    { sender: 'alice@im.test', filename: 'a.png', outcome: 'refused', reason: 'corrupt', releases: [] },
    { sender: 'alice@im.test', filename: 'a.png', outcome: 'clean', bytes: png('hello').length },
  ])
  const { id } = evidence[1]
  const path = `evidence/${id}`
  expect((await s.local('GET', `${path}/bytes`)).status).toBe(409)
  const reason = 'Case 4711, asked for by the works council'
  expect((await s.local('POST', `${path}/requests`, { reason })).status).toBe(400)
  expect(
    (await s.local('POST', `${path}/requests`, { reason, as: { ...as('carol'), password: 'wrong!!!!' } })).status,
  ).toBe(401)
  expect((await s.local('POST', `${path}/requests`, { reason, as: as('carol') })).status).toBe(201)
  // Nobody agrees with themselves.
  expect((await s.local('POST', `${path}/approvals`, { as: as('carol') })).status).toBe(409)
  expect((await s.local('GET', `${path}/bytes`)).status).toBe(409)
  const approved = await s.local('POST', `${path}/approvals`, { as: as('dave') })
  expect(approved.json.release).toMatchObject({ requestedBy: 'carol@im.test', approvedBy: 'dave@im.test', reason })

  const exported = await s.local('GET', `${path}/bytes`)
  expect(Buffer.from(exported.json.base64, 'base64').equals(png('hello'))).toBe(true)
  s.pass(DAY_MS + 60_000)
  expect((await s.local('GET', `${path}/bytes`)).status).toBe(409)
  const audit = (await listAudit(s.server.ctx.db, 50)).filter(({ target }) => target === id)
  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    'local:cli export-evidence',
    'dave@im.test approve-evidence',
    'carol@im.test request-evidence',
  ])

  s.pass(30 * DAY_MS)
  await sweep(s.server.ctx)
  expect((await s.local('GET', 'evidence')).json).toEqual({ evidence: [] })
  expect((await Array.fromAsync(s.server.ctx.blobs.evidence!.list())).length).toBe(0)
})

test('avatars and pictures inside messages are sealed like files, and without a key they are not taken', async () => {
  await using keys = await keyFile()
  await using s = await sealing({ evidenceKeyFile: keys.path })
  const photo = (text: string) =>
    `<vCard xmlns="vcard-temp"><PHOTO><TYPE>image/png</TYPE><BINVAL>${png(text).toString('base64')}</BINVAL></PHOTO></vCard>`
  await s.alice.ask('set', photo('me'))
  await s.alice.ask('set', photo('broken'))
  const { evidence } = (await s.local('GET', 'evidence')).json
  expect(evidence).toMatchObject([
    { sender: 'alice@im.test', filename: 'avatar', outcome: 'refused', reason: 'corrupt' },
    { sender: 'alice@im.test', filename: 'avatar', outcome: 'clean', bytes: png('me').length },
  ])

  await using without = await sealing({})
  const answer = await without.alice.ask('set', photo('me'))
  expect(answer.attrs['type']).toBe('error')
})

test('whoever was made an administrator for it, or whose password was, agrees to nothing', async () => {
  await using keys = await keyFile()
  await using s = await sealing({ evidenceKeyFile: keys.path })
  await s.send('hello')
  const { evidence } = (await s.local('GET', 'evidence')).json
  const path = `evidence/${evidence[0].id}`
  const reason = 'Nobody asked me to'
  expect((await s.local('POST', `${path}/requests`, { reason, as: as('carol') })).status).toBe(201)

  const ghost = { name: 'ghost', password: 'nineteen new moons' }
  await s.local('POST', 'accounts', { ...ghost, isAdmin: true })
  expect((await s.local('POST', `${path}/approvals`, { as: ghost })).status).toBe(409)

  const taken = 'a password of carol for dave'
  await s.local('PUT', 'accounts/dave/password', { password: taken })
  expect((await s.local('POST', `${path}/approvals`, { as: { name: 'dave', password: taken } })).status).toBe(409)
  expect((await s.local('GET', `${path}/bytes`)).status).toBe(409)
})

test('what must be sealed and cannot be is not taken', async () => {
  await using s = await sealing({})
  const answer = await s.alice.ask(
    'get',
    '<request xmlns="urn:xmpp:http:upload:0" filename="a.png" size="9"/>',
    'im.test',
  )
  expect(answer.getChild('error')?.getChildText('text')).toContain('no key for that')
})
