import { expect, test } from 'vitest'
import { run } from '../../test/run.ts'
import { suspensionDiscard, suspensionRelease } from './held-message.ts'
import { suspensionList, suspensionStart } from './suspension.ts'

const ID = '0197a000-0000-7000-8000-000000000000'
const impact = {
  ...{ accounts: 0, sessions: 0, disconnected: 0, exempt: 0 },
  ...{ approvals: 1, isTwoPersonRuleActive: true },
}

test('what was named and is not there is told before all else, with what was probably meant', async () => {
  const warnings = [
    { about: 'client', name: 'gajimm', near: 'gajim' },
    { about: 'zone', name: '10.9.0.0/16' },
  ]
  const args = ['--scope', 'client:gajimm,zone:10.9.0.0/16', '--mode', 'hold', '--reason', 'worm', '--dry-run']
  const { printed } = await run(suspensionStart, args, { startSuspension: { impact, warnings } })
  expect(printed).toEqual([
    'WARNING: nobody was seen with a client gajimm; did you mean gajim?',
    'WARNING: nobody was seen in the network 10.9.0.0/16',
    '0 accounts, 0 sessions now: 0 closed, 0 exempt',
  ])
})

test('what waits for another person is not told as done', async () => {
  const waits = `waits for another person: drawbridge suspension approve ${ID}`
  for (const [command, answers] of [
    [suspensionRelease, { releaseHeldMessages: { released: 0, request: { id: ID } } }],
    [suspensionDiscard, { discardHeldMessages: { discarded: 0, request: { id: ID } } }],
  ] as const) {
    expect((await run(command, [ID, 'all'], answers)).printed).toBe(waits)
  }
  const done = await run(suspensionRelease, [ID, 'all'], { releaseHeldMessages: { released: 3 } })
  expect(done.printed).toBe('3 messages released')
})

test('what a node remembers without its database is not told as all there is', async () => {
  const remembered = await run(suspensionList, [], { listSuspensions: { suspensions: [], isRemembered: true } })
  expect(remembered).toMatchObject({ printed: 'no suspensions', noted: [expect.stringContaining('remembers')] })
  expect(await run(suspensionList, [], { listSuspensions: { suspensions: [] } })).not.toHaveProperty('noted')
})
