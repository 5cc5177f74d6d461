import { join } from 'node:path'
import { expect, test } from 'vitest'
import { oddMessages } from '../../packages/xmpp/fixtures/differential.ts'
import { startLineClient } from '../support/line-client.ts'
import { startSlixmpp } from '../support/slixmpp.ts'
import { connectClient } from '../support/xmpp-client.ts'
import { productFromEnvironment } from './foreign-client.ts'

// Clients whose parsers are strict (expat, libexpat behind GLib) end the stream at what they cannot read, and again
// whenever they fetch it from the archive: one user could keep another out.

const SCRIPT = join(import.meta.dirname, '..', 'support', 'nbxmpp_client.py')
const MESSAGES = 300

test.each([
  ['slixmpp', startSlixmpp],
  ['nbxmpp', (options: object) => startLineClient('nbxmpp', SCRIPT, options)],
] as const)('XS-30 %s stays, whatever odd but accepted messages it gets', async (name, start) => {
  const { c2sPort, certificate } = productFromEnvironment()
  // People of their own, whose archive nobody else looks into.
  const jid = 'alice-poison@localhost'
  await using client = start({ jid, password: 'alice-poison-password', port: c2sPort, ca: certificate })
  await client.next('ready')
  const bob = await connectClient({ port: c2sPort, name: 'bob-poison', password: 'bob-poison-password' })
  for (const message of oddMessages(MESSAGES, 30)) {
    message.attrs['to'] = jid
    bob.send(message)
  }
  const last = `after all that, ${name}`
  bob.send(`<message to='${jid}' type='chat'><body>${last}</body></message>`)

  await client.next('message', ({ body }) => body === last)
  expect(client.events.filter(({ event, body }) => event === 'message' && body === 'odd').length).toBeGreaterThan(
    MESSAGES / 2,
  )
  expect(client.events.filter(({ event }) => event === 'ready')).toHaveLength(1)
  // And from the archive, as after every sign-in (XEP-0313).
  const history = await client.run<{ body: string }[]>('history', { with: 'bob-poison@localhost' })
  expect(history.filter(({ body }) => body === 'odd').length).toBeGreaterThan(10)
  await bob.end()
})
