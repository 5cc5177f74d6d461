import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'

test('a user asks the server for the time and gets UTC (XEP-0202 §3)', async () => {
  await using s = await story({ alice: 1 }, { now: () => new Date('2026-11-23T04:00:00Z') })

  await s.alice.send('<iq type="get" to="im.test" id="t1"><time xmlns="urn:xmpp:time"/></iq>')

  expect(s.alice.received()).toEqual([
    '<iq type="result" id="t1" to="alice@im.test/1" from="im.test">' +
      '<time xmlns="urn:xmpp:time"><tzo>+00:00</tzo><utc>2026-11-23T04:00:00.000Z</utc></time></iq>',
  ])
})
