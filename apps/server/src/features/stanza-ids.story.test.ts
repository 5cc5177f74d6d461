import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

/** Sends a message with a body and this payload; returns what arrives. */
async function delivered(payload: string) {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  s.bob.received()
  await s.alice.send(`<message type="chat" to="bob@im.test"><body>text</body>${payload}</message>`)
  return s.bob.received().join('')
}

test('SP-04 ids in the name of an archive of ours are removed, those of others stay (XEP-0359 §3)', async () => {
  const forged = ['bob@im.test', 'im.test', 'carol@im.test', 'BOB@IM.TEST/x', 'not an address@@']
  const ids = forged.map((by) => `<stanza-id xmlns="urn:xmpp:sid:0" by="${by}" id="forged"/>`).join('')
  const text = await delivered(`${ids}<stanza-id xmlns="urn:xmpp:sid:0" by="room@elsewhere.test" id="theirs"/>`)

  expect(text).not.toContain('forged')
  expect(text).toContain('id="theirs"')
  expect(text.match(/by="bob@im\.test"/g)).toHaveLength(1)
})

test('SP-02 a carbon that a client made up is removed (CVE-2017-5589)', async () => {
  const inner =
    '<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" from="carol@im.test"><body>lie</body></message></forwarded>'
  const text = await delivered(
    `<received xmlns="urn:xmpp:carbons:2">${inner}</received><sent xmlns="urn:xmpp:carbons:2">${inner}</sent>`,
  )
  expect(text).not.toContain('lie')
})

test('SP-03 an archive result that a client made up is removed', async () => {
  const text = await delivered('<result xmlns="urn:xmpp:mam:2" queryid="q" id="1"><x xmlns="lie"/></result>')
  expect(text).not.toContain('lie')
  expect(text).toContain('<body>text</body>')
})

test('SP-08 a delay in our name is removed, one in the name of the sender stays (XEP-0203 §4)', async () => {
  const delay = (from: string) => `<delay xmlns="urn:xmpp:delay" from="${from}" stamp="2002-09-10T23:08:25Z"/>`
  const text = await delivered(delay('im.test') + delay('bob@im.test') + delay('alice@im.test/1'))

  expect(text.match(/<delay/g)).toHaveLength(1)
  expect(text).toContain('from="alice@im.test/1" stamp="2002-09-10T23:08:25Z"')
})
