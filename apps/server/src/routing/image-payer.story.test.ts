import type { SanitizeOptions } from '@drawbridge/contract'
import { ImageBudgetSpent } from '@drawbridge/runtime'
import { cleanImage } from '@drawbridge/testkit/images'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { story, type Device } from '../../test/story.ts'
import { png, slotFor, uploads } from '../../test/uploads.ts'

/** A message with an image in it, different each time: what is known already costs nobody anything. */
async function sendImage(sender: Device, number: number): Promise<void> {
  const bytes = Buffer.from(`image ${number}`)
  const cid = `sha1+${createHash('sha1').update(bytes).digest('hex')}@bob.xmpp.org`
  await sender.send(
    `<message type="chat" to="bob@im.test" id="m${number}"><x xmlns="urn:example" src="cid:${cid}"/>` +
      `<data xmlns="urn:xmpp:bob" cid="${cid}" type="image/png">${bytes.toString('base64')}</data></message>`,
  )
}

test('each person pays for the images they send, from whichever device, and nobody for those of others', async () => {
  const charged: SanitizeOptions[] = []
  await using s = await story(
    { alice: 2, bob: 1 },
    {
      sanitize: (bytes, _profile, how) => {
        charged.push(how)
        return cleanImage({ bytes: Buffer.concat([Buffer.from('clean '), bytes]) })
      },
    },
  )
  await sendImage(s.device('alice', 1), 1)
  await sendImage(s.device('alice', 2), 2)
  await sendImage(s.bob, 3)
  const [first, second, third] = charged.map(({ payer }) => payer)
  expect(first).toMatchObject({ pixelsPerMinute: 600_000_000, cpuMsPerMinute: 30_000 })
  expect(second?.key).toBe(first?.key)
  expect(third?.key).not.toBe(first?.key)
  expect(charged.map(({ origin }) => origin)).toEqual(['local', 'local', 'local'])
  // The sanitizer has no use for names.
  expect(JSON.stringify(charged)).not.toContain('alice')
})

test('who has sent too many images in a minute is told to wait, and nothing is delivered', async () => {
  const sanitize = () => Promise.reject(new ImageBudgetSpent(4_000))
  await using s = await story({ alice: 1, bob: 1 }, { sanitize })
  await s.bob.available()
  s.bob.received()
  await sendImage(s.alice, 1)
  const answer = s.alice.received().join('')
  expect(answer).toContain('<error type="wait"><resource-constraint ')
  expect(answer).toContain('Please wait a minute')
  await s.alice.send('<message type="chat" to="bob@im.test"><body>marker</body></message>')
  expect(s.bob.received()).toEqual([expect.stringContaining('marker')])
})

test('an upload over the budget is answered with 429 and when to come back, and its bytes are gone', async () => {
  await using u = await uploads({ sanitize: () => Promise.reject(new ImageBudgetSpent(4_000)) })
  const slot = await slotFor(u.alice, 'a.png', png())
  const { status, body, headers } = await u.fetch('PUT', slot.url, png(), slot.headers)
  expect([status, JSON.parse(body)]).toMatchObject([429, { type: '/problems/image-budget' }])
  expect(headers['retry-after']).toBe('60')
  expect(await u.files()).toEqual({ quarantine: [], clean: [] })
})
