import { expect, test } from 'vitest'
import { story } from './story.ts'

test('alice writes to bob and bob gets it', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.send('<presence/>')
  await s.alice.send('<message to="bob@im.test" type="chat" id="m1"><body>hi</body></message>')
  console.log(s.bob.received(), s.alice.received())
  expect(1).toBe(1)
})
