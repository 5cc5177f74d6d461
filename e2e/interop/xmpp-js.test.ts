import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseElement, C2S_LIMITS, xml } from '@drawbridge/xmpp'
import { client } from '@xmpp/client'
import { describeClient } from './foreign-client.ts'
import { driveStanzas, Inbox } from './stanza-driver.ts'

describeClient('xmpp.js', async ({ name, password }, { c2sPort, certificate }) => {
  // Its TLS has no options of its own.
  setDefaultCACertificates([...getCACertificates(), readFileSync(certificate, 'utf8')])
  let mechanism = ''
  const xmpp = client({
    service: `xmpp://localhost:${c2sPort}`,
    domain: 'localhost',
    username: name,
    async credentials(authenticate, mechanisms) {
      mechanism = mechanisms[0] ?? ''
      await authenticate({ username: name, password }, mechanism)
    },
  })
  const inbox = new Inbox()
  xmpp.on('stanza', (stanza) => inbox.add(stanza.toString()))
  xmpp.on('error', () => undefined)
  await xmpp.start()
  await xmpp.send(xml('presence'))
  return driveStanzas(
    {
      mechanism,
      send: (stanza) => xmpp.send(stanza),
      request: async (iq) => parseElement((await xmpp.iqCaller.request(iq, 10_000)).toString(), C2S_LIMITS),
      close: () => xmpp.stop(),
    },
    inbox,
  )
})
