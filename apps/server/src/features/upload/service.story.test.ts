import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'

const DISCO = 'http://jabber.org/protocol/disco'
const NS_UPLOAD = 'urn:xmpp:http:upload:0'
const request = `<request xmlns="${NS_UPLOAD}" filename="plan.pdf" size="12"/>`

test('a client that looks for uploads among the services of the server finds them (XEP-0363 §4)', async () => {
  await using s = await story({ alice: 1 })

  const items = (await s.alice.ask('get', `<query xmlns="${DISCO}#items"/>`, 'im.test')).toString()
  expect(items).toContain('<item jid="upload.im.test" name="Files"/>')

  const info = (await s.alice.ask('get', `<query xmlns="${DISCO}#info"/>`, 'upload.im.test')).toString()
  expect(info).toContain('<identity category="store" type="file" name="Files"/>')
  expect(info).toContain(`<feature var="${NS_UPLOAD}"/>`)
  expect(info).toContain('var="max-file-size"')

  const slot = await s.alice.ask('get', request, 'upload.im.test')
  expect(slot.getChild('slot', NS_UPLOAD)?.getChild('put')?.attrs['url']).toContain('/plan.pdf')
})

test.each([
  ['get', request, 'somebody@upload.im.test'],
  ['set', request, 'upload.im.test'],
  ['get', '<query xmlns="jabber:iq:version"/>', 'upload.im.test'],
  ['get', `<query xmlns="${DISCO}#info" node="x"/>`, 'upload.im.test'],
] as const)('nothing else is asked of it: %s %s to %s', async (type, payload, to) => {
  await using s = await story({ alice: 1 })
  expect((await s.alice.ask(type, payload, to)).toString()).toContain('<service-unavailable ')
})

test('nobody reads messages there', async () => {
  await using s = await story({ alice: 1 })
  await s.alice.send('<message to="upload.im.test" id="m" type="chat"><body>hello?</body></message>')
  expect(s.alice.received().join()).toContain('<service-unavailable ')
})
