import { listAudit } from '@drawbridge/db'
import { expect, test, vi } from 'vitest'
import { story } from '../../test/story.ts'
import type { Story } from '../../test/story.ts'

const CUT = { scopes: ['service'], mode: 'cut', reason: 'worm' } as const

async function withBreakGlass(networks?: string): Promise<Story<'alice'>> {
  const s = await story(
    { alice: 1 },
    networks === undefined ? {} : { settings: { policy: { breakGlassNetworks: networks } } },
  )
  const { accounts } = s.server.ctx
  accounts.put({ ...accounts.find('alice')!, isBreakGlass: true })
  return s
}

const uses = async ({ server }: Story<'alice'>) =>
  (await listAudit(server.ctx.db, 100)).filter(({ action }) => action === 'use-break-glass')

test('control §4.3 a break-glass account passes a cut from inside, and each use is on record', async () => {
  await using s = await withBreakGlass()
  const { suspension } = await s.server.policy.operations.startSuspension('local:cli', CUT)
  expect(s.alice.session.isEnded).toBe(false)
  const again = await s.connect('alice', '2')
  await again.send('<message to="alice@im.test"><body>still here</body></message>')
  await vi.waitFor(async () =>
    expect((await uses(s)).map(({ actor, target, detail }) => [actor, target, detail])).toEqual(
      expect.arrayContaining([
        ['alice@im.test', suspension.id, { question: 'session.open', address: '127.0.0.1' }],
        ['alice@im.test', suspension.id, { question: 'stanza.route', address: '127.0.0.1' }],
      ]),
    ),
  )
  // Once each, though the rules were asked more often.
  await again.send('<message to="alice@im.test"><body>and again</body></message>')
  expect(await uses(s)).toHaveLength(2)
})

test('control §4.3 from elsewhere it is an account like any other', async () => {
  await using s = await withBreakGlass('10.0.0.0/8')
  await s.server.policy.operations.startSuspension('local:cli', CUT)
  expect(await s.alice.closed()).toContain('system-shutdown')
  await expect(s.connect('alice', '2')).rejects.toThrow(/system-shutdown/u)
  expect(await uses(s)).toEqual([])
})

test('what it could have done anyway is no use of it', async () => {
  await using s = await withBreakGlass()
  await s.alice.send('<message to="alice@im.test"><body>an ordinary day</body></message>')
  await s.connect('alice', '2')
  expect(await uses(s)).toEqual([])
})

test('whoever is no longer a break-glass account is out at once', async () => {
  await using s = await withBreakGlass()
  await s.server.policy.operations.startSuspension('local:cli', CUT)
  const { accounts } = s.server.ctx
  accounts.put({ ...accounts.find('alice')!, isBreakGlass: false })
  s.server.policy.live.reconsider()
  expect(await s.alice.closed()).toContain('system-shutdown')
})

test('control §4.3 people hear of it: whoever can approve, and whoever has such an account', async () => {
  await using s = await withBreakGlass()
  await s.addAccount('carol')
  const { accounts } = s.server.ctx
  accounts.put({ ...accounts.find('carol')!, roles: ['security-officer'] })
  const { suspension } = await s.server.policy.operations.startSuspension('local:cli', { ...CUT, mode: 'read-only' })
  const carol = await s.connect('carol')
  await carol.available()
  await s.alice.available()
  await s.alice.send('<message to="carol@im.test"><body>I am still here</body></message>')
  for (const device of [carol, s.alice]) {
    const alert = await device.next((element) => element.getChildText('body')?.includes('break-glass') === true)
    expect(alert.getChildText('body')).toContain(`alice is in use from 127.0.0.1: it passes ${suspension.id}`)
  }
  // Once, whatever else is done.
  await s.alice.send('<message to="carol@im.test"><body>again</body></message>')
  await carol.next((element) => element.getChildText('body') === 'again')
  expect(carol.received().filter((text) => text.includes('is in use from'))).toHaveLength(1)
})
