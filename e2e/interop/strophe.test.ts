import { parseElement, C2S_LIMITS, xml } from '@drawbridge/xmpp'
import type { Element as Stanza } from '@drawbridge/xmpp'
import { Strophe } from 'strophe.js'
import { describeClient } from './foreign-client.ts'
import { driveStanzas, Inbox } from './stanza-driver.ts'

describeClient('strophe.js', async ({ jid, password }, { url }) => {
  const connection = new Strophe.Connection(`${url.replace('http', 'ws')}/xmpp-websocket`, {
    enableStreamManagement: true,
  })
  const inbox = new Inbox()
  let mechanism = ''
  connection.rawOutput = (data: string) => {
    mechanism ||= /<auth .*mechanism="([^"]+)"/.exec(data)?.[1] ?? ''
  }
  Strophe.setLogLevel(Strophe.LogLevel.ERROR)
  await new Promise<void>((resolve, reject) => {
    connection.connect(jid, password, (status: number, condition: string | null) => {
      if (status === Strophe.Status.CONNECTED) resolve()
      if (status === Strophe.Status.AUTHFAIL || status === Strophe.Status.CONNFAIL) reject(new Error(condition ?? ''))
    })
  })
  connection.addHandler(
    (stanza: Element) => {
      inbox.add(Strophe.serialize(stanza))
      return true
    },
    null,
    null,
    null,
  )
  // RFC 7395 §3.3.3: each frame says its namespace.
  const elementFrom = (stanza: Stanza) => {
    stanza.attrs['xmlns'] = 'jabber:client'
    return Strophe.toElement(stanza.toString())
  }
  connection.send(elementFrom(xml('presence')))
  return driveStanzas(
    {
      mechanism,
      send: async (stanza) => connection.send(elementFrom(stanza)),
      request: (iq) =>
        new Promise((resolve, reject) => {
          connection.sendIQ(
            elementFrom(iq),
            (answer: Element) => resolve(parseElement(Strophe.serialize(answer), C2S_LIMITS)),
            (answer: Element | null) => reject(new Error(answer ? Strophe.serialize(answer) : 'no answer')),
            10_000,
          )
        }),
      async close() {
        connection.disconnect()
      },
    },
    inbox,
  )
})
