import { expect, test } from 'vitest'
import { ruleCommand, suspensionCommand } from './as-command.ts'

test('a rule is the command that adds it, whatever stands in it', () => {
  expect(ruleCommand({ family: '*', action: 'warn' })).toBe("drawbridge client-rule add --family '*' --action warn")
  expect(
    ruleCommand({
      family: 'gajim',
      below: '1.9',
      belowTier: 'E2',
      units: ['sales', 'hr'],
      action: 'disconnect',
      preset: 'urgent',
      formats: ['webp', 'gif'],
      stageDates: { warn: '2026-11-30T06:00:00.000Z' },
      rings: [{ units: ['it', 'ops'], delayHours: 0 }, { delayHours: 72 }],
      priority: 0,
      url: 'https://im.test/?a=1&b=2',
    }),
  ).toBe(
    'drawbridge client-rule add --family gajim --below 1.9 --below-tier E2 --units sales,hr --action disconnect' +
      ' --format webp,gif --preset urgent --stage-dates warn=2026-11-30T06:00:00.000Z --ring it+ops=0' +
      " --ring '*=72' --priority 0 --url 'https://im.test/?a=1&b=2'",
  )
})

test('a reason cannot end its quotes', () => {
  const command = suspensionCommand({
    scopes: ['images', 'room:hall@rooms.im.test'],
    mode: 'hold',
    reason: "it's a worm; rm -rf $HOME",
    reasons: { de: 'Ein Wurm' },
    exemptions: { accounts: ['ana'], rooms: ['war@rooms.im.test'] },
    isDrill: true,
  })
  expect(command).toBe(
    'drawbridge suspension start --scope images,room:hall@rooms.im.test --mode hold' +
      String.raw` --reason 'it'\''s a worm; rm -rf $HOME' --reason-in 'de=Ein Wurm'` +
      ' --exempt ana,room:war@rooms.im.test --drill',
  )
})
