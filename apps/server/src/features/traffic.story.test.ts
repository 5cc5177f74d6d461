import { listTraffic, listTrafficHours, listUnitTraffic } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

const DAY_MS = 86_400_000

test('what is sent is counted by sender, room and hour, and what is no message is not (control §2, row 4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>one</body></message>`)
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>two</body></message>`)
  await s.bob.send(`<message to="alice@im.test" type="chat"><body>three</body></message>`)
  await s.alice.send(
    `<message to="bob@im.test" type="chat"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`,
  )
  await s.alice.ask('set', '<query xmlns="jabber:iq:roster"><item jid="bob@im.test"/></query>')
  const { ctx } = s.server
  await ctx.traffic.flush()

  const span = { from: new Date(Date.now() - DAY_MS), until: new Date(Date.now() + DAY_MS) }
  const byAccount = await listTraffic(ctx.db, 'account', span, 10)
  expect(byAccount).toMatchObject([
    { subject: 'alice', messages: 2, files: 0, images: 0 },
    { subject: 'bob', messages: 1 },
  ])
  expect(byAccount[0]?.bytes).toBeGreaterThan(100)
  expect(await listTraffic(ctx.db, 'service', span, 10)).toMatchObject([{ subject: '', messages: 3 }])
  expect(await listUnitTraffic(ctx.db, span, 10)).toEqual([])

  // A second batch of the same hour is added to the first.
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>four</body></message>`)
  await ctx.traffic.flush()
  const hours = await listTrafficHours(ctx.db, 'account', 'alice', span)
  expect(hours.reduce((sum, { messages }) => sum + messages, 0)).toBe(3)
})
