import type { SanitizeVerdict } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { addUnit } from '../../../test/people.ts'
import { png, sanitize, slotFor, slotRequest, uploads } from '../../../test/uploads.ts'

const NS = 'urn:drawbridge:upload:1'

async function withPolicy(policy: Readonly<Record<string, unknown>>, unit: Readonly<Record<string, unknown>> = {}) {
  const u = await uploads()
  await u.connect('bob')
  await addUnit(u.server, 'sales', ['alice', 'bob'])
  const { operations, gate } = u.server.policy
  await operations.setMediaPolicy('local:cli', { ...gate.settings.media.service, ...policy })
  await operations.setUnitMediaPolicy('local:cli', 'sales', unit)
  const ask = async (bytes: number) => {
    const answer = await u.alice.ask('get', slotRequest('a.txt', bytes), 'im.test')
    const error = answer.getChild('error')
    return error ? [error.attrs['type'], error.getChildElements()[0]?.name, error.getChildText('text')] : 'slot'
  }
  const quotas = async () => {
    const answer = await u.alice.ask('get', `<quotas xmlns="${NS}"/>`, 'im.test')
    return answer
      .getChild('quotas', NS)!
      .getChildElements()
      .map(({ attrs }) => attrs)
  }
  return Object.assign(u, { askFor: ask, quotas })
}

test('UP-01 what a day allows is a limit, and the client is told when to come back (XEP-0363 §4)', async () => {
  await using u = await withPolicy({ maxDayBytes: 100 })
  expect(await u.askFor(60)).toBe('slot')
  expect(await u.askFor(60)).toEqual([
    'wait',
    'resource-constraint',
    expect.stringContaining('as much as a day allows'),
  ])
  expect(await u.askFor(40)).toBe('slot')
  expect(await u.quotas()).toEqual([
    { kind: 'day', used: '100', limit: '100' },
    { kind: 'stored', used: '100' },
  ])
})

test('UP-01 what files take up is a limit of an account, and of its unit with everybody in it', async () => {
  await using u = await withPolicy({ maxStoredBytes: 100 }, { maxUnitBytes: 120 })
  const bob = await u.connect('bob', '2')
  await slotFor(bob, 'b.txt', Buffer.alloc(50))
  expect(await u.askFor(101)).toEqual(['cancel', 'resource-constraint', expect.stringContaining('Your files')])
  expect(await u.askFor(80)).toEqual(['cancel', 'resource-constraint', expect.stringContaining('your unit')])
  expect(await u.askFor(70)).toBe('slot')
  expect(await u.quotas()).toContainEqual({ kind: 'unit', name: 'sales', used: '120', limit: '120' })
})

test('UP-01 many who ask at once get no more than there is', async () => {
  await using u = await withPolicy({ maxDayBytes: 100 })
  const devices = []
  for (let n = 0; n < 8; n++) devices.push(await u.connect('alice', `device${n}`))
  const answers = await Promise.all(devices.map((device) => device.ask('get', slotRequest('a.txt', 30), 'im.test')))
  expect(answers.filter((answer) => answer.getChild('slot', 'urn:xmpp:http:upload:0'))).toHaveLength(3)
})

test('who waits for a verdict is told how many are ahead, and what became of it; nobody else is (images §2)', async () => {
  const asked = Promise.withResolvers<void>()
  const verdict = Promise.withResolvers<SanitizeVerdict>()
  await using u = await uploads({ sanitize: () => (asked.resolve(), verdict.promise) })
  const [first, second] = [await slotFor(u.alice, 'a.png', png('1')), await slotFor(u.alice, 'b.png', png('2'))]
  const statusOf = async ({ url, headers }: typeof first, other = {}) => {
    const key = new URL(url).pathname.split('/')[2]!
    const answer = await u.fetch('GET', `http://im.test/upload-status/${key}`, undefined, { ...headers, ...other })
    return answer.status === 200 ? JSON.parse(answer.body) : answer.status
  }
  expect(await statusOf(first)).toEqual({ state: 'waiting' })
  const putFirst = u.fetch('PUT', first.url, png('1'), first.headers)
  await asked.promise
  const putSecond = u.fetch('PUT', second.url, png('2'), second.headers)
  await expect.poll(() => statusOf(second), { timeout: 10_000 }).toEqual({ state: 'queued', ahead: 1 })
  expect(await statusOf(first)).toEqual({ state: 'queued', ahead: 0 })
  expect(await statusOf(first, second.headers)).toBe(404)
  expect(await statusOf(first, { authorization: '' })).toBe(404)

  verdict.resolve(sanitize(png()))
  expect((await putFirst).status).toBe(201)
  expect((await putSecond).status).toBe(201)
  expect(await statusOf(first)).toMatchObject({ state: 'clean', type: 'image/png', thumbnails: [] })
})

test('a sender whose connection broke finds out that the file did not arrive', async () => {
  await using u = await uploads()
  const slot = await slotFor(u.alice, 'a.png', png('broken'))
  await u.fetch('PUT', slot.url, png('broken'), slot.headers)
  const key = new URL(slot.url).pathname.split('/')[2]!
  const answer = await u.fetch('GET', `http://im.test/upload-status/${key}`, undefined, slot.headers)
  expect(JSON.parse(answer.body)).toMatchObject({ state: 'refused', problem: { status: 422, reason: 'corrupt' } })
})

test('an image over which a decoder died is refused without trying again, under whatever name it comes', async () => {
  let asked = 0
  await using u = await uploads({
    sanitize: () => {
      asked += 1
      return { outcome: 'refused', reason: 'failed', policyVersion: 'v1' }
    },
  })
  for (const name of ['killer.png', 'harmless.png']) {
    const slot = await slotFor(u.alice, name, png('killer'))
    const put = await u.fetch('PUT', slot.url, png('killer'), slot.headers)
    expect([put.status, JSON.parse(put.body).reason]).toEqual([422, 'failed'])
  }
  expect(asked).toBe(1)
})
