import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const STATE = '<state xmlns="urn:drawbridge:suspension:1"/>'
const stateOf = async (device: Device) => (await device.ask('get', STATE, 'im.test')).getChild('state')!
const heldIn = async (device: Device) => (await stateOf(device)).getChildren('held').map(({ attrs }) => attrs['id'])
const suspend = { scopes: ['messages'], mode: 'hold', reason: 'drill' } as const

test('a client learns which of its messages wait, until they are released one by one (control §4.4)', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  const { operations } = s.server.policy
  await s.bob.available()
  const { suspension } = await operations.startSuspension('local:cli', suspend)
  await s.alice.send(`<message type="chat" to="bob@im.test" id="m1"><body>one</body></message>`)
  await s.alice.send(`<message type="chat" to="bob@im.test"><body>without a name</body></message>`)

  // Every device of its sender hears of it, and of one that has no name of its own by that of the archive.
  const told = s.device('alice', 2).received().join('')
  expect(told.match(/<held [^>]*stanza-id="[0-9a-f-]{36}"/g)).toHaveLength(2)
  expect(await heldIn(s.alice)).toEqual([undefined, 'm1'])
  expect(await heldIn(s.bob)).toEqual([])
  expect((await stateOf(s.bob)).toString()).toContain('scopes="messages" mode="hold"')

  // It is over, and yet they wait: for a person.
  await operations.endSuspension('local:cli', suspension.id, 'review')
  const state = await stateOf(s.alice)
  expect(state.getChildren('held').map(({ attrs }) => attrs['id'])).toEqual([undefined, 'm1'])
  expect(state.getChild('suspensions')!.getChildElements()).toEqual([])

  const notice = s.alice.next((element) => element.getChild('released') !== undefined)
  const [first] = state.getChildren('held').filter(({ attrs }) => attrs['id'] === 'm1')
  await operations.releaseReviewed('local:cli', suspension.id, [first!.attrs['stanza-id']!])
  expect(String(await notice)).toContain('<message id="m1"')
  expect(await heldIn(s.alice)).toEqual([undefined])
})

test('a foreign client whose messages wait is not told that everything works (control §4.7)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const { operations } = s.server.policy
  const { suspension } = await operations.startSuspension('local:cli', suspend)
  for (const name of ['m1', 'm2']) {
    await s.alice.send(`<message type="chat" to="bob@im.test" id="${name}"><body>one</body></message>`)
  }
  const over = [s.alice, s.bob].map((device) =>
    device.next((element) => /over|normal/.test(element.getChildText('subject') ?? '')),
  )
  await operations.endSuspension('local:cli', suspension.id, 'review')
  const [alice, bob] = (await Promise.all(over)).map((element) => element.getChildText('body'))
  expect(alice).toBe('The suspension is over. 2 of your messages still wait until somebody has reviewed them.')
  expect(bob).toBe('Everything works as usual again.')
})

test('what is refused says why and until when, in the language of whoever asked', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const reasons = { de: 'Übung' }
  await s.server.policy.operations.startSuspension('local:cli', { ...suspend, mode: 'read-only', reasons, until })
  const send = async (language: string) => {
    const error = s.alice.next((element) => element.attrs['type'] === 'error')
    await s.alice.send(`<message type="chat" to="bob@im.test" xml:lang="${language}"><body>one</body></message>`)
    return String(await error)
  }
  expect(await send('de')).toMatch(/xml:lang="de">[^<]*Grund: Übung\. Voraussichtliches Ende: \d{1,2}\. \p{L}+ \d{4}/u)
  s.alice.received()
  expect(await send('fr')).toMatch(/xml:lang="en">[^<]*Reason: drill\. Expected end: \d{1,2} [A-Z][a-z]+ \d{4}/)
})
