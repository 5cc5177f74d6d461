import { cleanImage } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { startPushReceiver } from '../push-receiver.ts'
import { story } from '../story.ts'
import { rawImage, Recorder } from './recorder.ts'

const OPTIONS =
  '<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>http://jabber.org/protocol/pubsub#publish-options</value></field>' +
  '<field var="secret"><value>s</value></field></x>'

test('images row 33: what a phone is told while its owner is away holds no byte of an image', async () => {
  const recorder = new Recorder()
  await using receiver = await startPushReceiver()
  await using s = await story(
    { alice: 1, bob: 1 },
    {
      doesJobs: true,
      sanitize: () => cleanImage({ bytes: Buffer.from('made by our encoder') }),
      // As much as there is to tell.
      settings: { push: { allowLoopback: true, intervalMs: 0, content: 'message' } },
    },
  )
  const registered = await s.bob.ask('set', receiver.register, 'push.im.test')
  const node = registered.getChild('registered')?.attrs['node'] ?? ''
  const enable = `<enable xmlns="urn:xmpp:push:0" jid="push.im.test" node="${node}">${OPTIONS}</enable>`
  expect((await s.bob.ask('set', enable)).attrs['type']).toBe('result')
  s.bob.disconnect()

  // A push says no more than who wrote, and the text: each of these is told before the next one is sent.
  const raw = rawImage('push')
  const bodies = [
    `look data:image/png;base64,${raw.toString('base64')}`,
    `look DATA:image/png,${raw.toString('hex').replace(/../g, '%$&')}`,
    `look ${raw.toString('base64')}`,
    `look ${raw.toString('hex')}`,
    'the end',
  ]
  for (const [index, body] of bodies.entries()) {
    await s.alice.send(`<message to="bob@im.test" type="chat"><body>${body}</body></message>`)
    recorder.text('push', (await receiver.nth(index + 1)).text)
  }
  expect(recorder.findings).toEqual([])
  const told = receiver.received.map(({ text }) => text).join('\n')
  expect(told).toContain('look [image removed]')
  expect(told).toContain('the end')
}, 60_000)
