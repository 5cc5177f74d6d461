import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

// Whoever ends a hold, on whatever node: everybody gets what was held, on the node where they are.

const said = (device: Device) =>
  device
    .received()
    .flatMap((text) => (text.includes('type="chat"') ? (/<body>(.*?)<\/body>/u.exec(text)?.[1] ?? []) : []))

async function twoNodes() {
  const database = await testDatabase()
  const here = await story({ alice: 1, bob: 1 }, { database })
  await here.addAccount('carol')
  const there = await story({ carol: 1 }, { database })
  for (const device of [here.alice, here.bob, there.carol]) await device.available()
  const { suspension } = await here.server.policy.operations.startSuspension('local:cli', {
    ...{ scopes: ['messages'], mode: 'hold', reason: 'worm' },
  })
  const say = (to: string, body: string) =>
    here.alice.send(`<message to="${to}@im.test" type="chat"><body>${body}</body></message>`)
  return {
    ...{ here, there, say, id: suspension.id, bob: here.bob, carol: there.carol },
    async [Symbol.asyncDispose]() {
      await there[Symbol.asyncDispose]()
      await here[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('a hold that another node ends comes to the sessions of this one, in order, once and without gaps, before what is new', async () => {
  await using n = await twoNodes()
  const held = Array.from({ length: 520 }, (_, index) => `held ${index}`)
  await Promise.all(held.map((body) => n.say('bob', body)))
  expect(said(n.bob)).toEqual([])
  const ended = await n.there.server.policy.operations.endSuspension('local:schedule', n.id)
  expect(ended).toMatchObject({ released: 520 })
  await n.say('bob', 'new')
  expect(said(n.bob)).toEqual([...held, 'new'])
})

test('what a person lets through on another node, one by one, comes as well; and to whoever is there, from here', async () => {
  await using n = await twoNodes()
  await n.say('bob', 'one')
  await n.say('carol', 'two')
  await n.there.server.policy.operations.endSuspension('local:cli', n.id, 'review')
  await n.there.server.policy.operations.releaseReviewed('carol@im.test', n.id, undefined)
  await n.bob.next((element) => element.getChildText('body') === 'one')
  expect(said(n.carol)).toEqual(['two'])
})
