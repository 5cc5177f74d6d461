import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { auth, bindRequest, bound, open, OUTCOME, plain, response, scram, signIn } from './sign-in.ts'

// AU-23: an account that is disabled, deleted or given another password is out at once, everywhere.

let server: RunningServer

beforeAll(async () => {
  server = await runServer()
})

afterAll(() => server[Symbol.asyncDispose]())

const ENABLE = `<enable xmlns='urn:xmpp:sm:3' resume='true'/>`

async function resumable<L extends Line>(line: L, name: string, resource: string): Promise<{ line: L; id: string }> {
  await bound(line, name, resource)
  line.send(ENABLE)
  return { line, id: / id="([^"]+)"/.exec(await line.until(/<enabled[^>]*\/>/))?.[1] ?? '' }
}

describe.each([
  {
    what: 'disabling an account',
    name: 'alice',
    act: (name: string) => server.admin('POST', `/api/v1/accounts/${name}/disable`),
    undo: (name: string) => server.admin('POST', `/api/v1/accounts/${name}/enable`),
  },
  {
    what: 'another password',
    name: 'bob',
    act: (name: string) => server.admin('PUT', `/api/v1/accounts/${name}/password`, { password: 'another password' }),
    undo: (name: string) => server.admin('PUT', `/api/v1/accounts/${name}/password`, { password: `${name}-password` }),
  },
  {
    what: 'deleting an account',
    name: 'carol',
    act: (name: string) => server.admin('DELETE', `/api/v1/accounts/${name}`),
    undo: (name: string) => server.account(name),
  },
])('$what', ({ name, act, undo }) => {
  test('AU-23 ends every session at once, and none of them can be resumed', async () => {
    await server.account(name)
    const tcp = await resumable(await server.tcp(), name, 'tcp')
    const ws = await resumable(await server.webSocket(), name, 'ws')
    const away = await resumable(await server.tcp(), name, 'away')
    away.line.destroy()
    const signedIn = await server.tcp()
    await signIn(signedIn, name)
    const halfway = await server.tcp()
    await open(halfway)
    halfway.send(auth('SCRAM-SHA-256', `n,,n=${name},r=0123456789`))
    await halfway.until(OUTCOME)

    const started = performance.now()
    expect((await act(name)).status).toBeLessThan(300)
    await Promise.all([tcp.line.closed(), ws.line.closed()])
    // Within a second on a machine that is not busy with other tests.
    expect(performance.now() - started).toBeLessThan(5_000)
    const { body } = await server.admin('GET', '/api/v1/sessions')
    expect(JSON.stringify(body)).not.toContain(`${name}@im.test`)

    // Whoever had signed in but not bound yet is out as well.
    signedIn.send(bindRequest('late'))
    expect(await signedIn.closed()).toContain('<not-authorized')
    halfway.send(response('c=biws,r=0123456789,p=AAAA'))
    await halfway.until(/<failure/)
    const refused = await server.tcp()
    await open(refused)
    refused.send(plain(name, `${name}-password`))
    expect(await refused.until(OUTCOME)).toContain('<not-authorized/>')

    await undo(name)
    for (const { id } of [tcp, ws, away]) {
      const line = await server.tcp()
      await signIn(line, name)
      line.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`)
      await line.until(/<failed.*?item-not-found/)
      line.destroy()
    }
  })
})

test('AU-23 a proof that was right when it began is wrong when the password has changed meanwhile', async () => {
  await server.account('dave')
  const line = await server.tcp()
  await open(line)
  const outcome = scram(
    {
      ...line,
      framing: 'tcp',
      text: '',
      // The password changes between the challenge and the answer.
      send: (bytes) => {
        if (!String(bytes).includes('<response')) return line.send(bytes)
        void server
          .admin('PUT', '/api/v1/accounts/dave/password', { password: 'another password' })
          .then(() => line.send(bytes))
      },
    },
    'dave',
  )
  expect(await outcome).toContain('<not-authorized/>')
})

test('a server that stops says so to everybody, and stops at once', async () => {
  const stopping = await runServer()
  await stopping.account('alice')
  const tcp = await bound(await stopping.tcp(), 'alice', 'tcp')
  const tls = await bound(await stopping.tls(), 'alice', 'tls')
  const ws = await bound(await stopping.webSocket(), 'alice', 'ws')
  const opened = await stopping.tcp()
  await open(opened)
  const started = performance.now()
  await stopping[Symbol.asyncDispose]()
  expect(performance.now() - started).toBeLessThan(3_000)
  for (const line of [tcp, tls, ws]) expect(await line.closed()).toContain('<system-shutdown')
  await opened.closed()
})
