import { ADMIN_ROUTES } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { run } from '../../test/run.ts'
import { mediaPolicySet, mediaPolicyShow } from './media-policy.ts'

const DEFAULTS = ADMIN_ROUTES.setMediaPolicy.body.parse({})

test('one field is changed and the others stay', async () => {
  const policy = { ...DEFAULTS, e2ee: 'text-only', maxFileBytes: 5, refuseUpload: ['executable', 'audio'] }
  const effect = {
    epoch: 2,
    appliedMs: 1,
    disconnected: 0,
    notified: 0,
    nodes: [{ id: 'n', name: 'here', state: 'applied', appliedMs: 1, disconnected: 0, notified: 0 }],
  }
  const { asked, printed } = await run(
    mediaPolicySet,
    ['--e2ee', 'text-only', '--max-file-bytes', '5', '--refuse-upload', 'executable,audio'],
    {
      getMediaPolicy: { policy: DEFAULTS },
      setMediaPolicy: { policy, changed: ['e2ee', 'maxFileBytes', 'refuseUpload'], accounts: 3, effect },
    },
  )
  expect(asked[1]).toEqual({ route: 'setMediaPolicy', query: {}, body: policy })
  expect(printed).toEqual([
    'e2ee: text-only',
    'maxFileBytes: 5',
    'refuseUpload: executable, audio',
    '3 accounts affected',
    'in force after 1 ms, 0 sessions closed, 0 notified',
  ])
})

test('a unit says a thing no longer, tried out first', async () => {
  const { asked, printed } = await run(mediaPolicySet, ['--unit', 'research', '--unset', 'e2ee', '--dry-run'], {
    getUnitMediaPolicy: { policy: { e2ee: 'text-only', avif: 'accept' } },
    setUnitMediaPolicy: { unit: 'research', policy: { avif: 'accept' }, changed: ['e2ee'], accounts: 1 },
  })
  expect(asked[1]).toEqual({
    route: 'setUnitMediaPolicy',
    params: { name: 'research' },
    query: { dryRun: 'true' },
    body: { avif: 'accept' },
  })
  expect(printed).toEqual(['e2ee: as the service', '1 accounts affected', 'nothing was changed (--dry-run)'])
})

test('what is wrong is told before anything is changed', async () => {
  const answers = { getMediaPolicy: { policy: DEFAULTS } }
  await expect(run(mediaPolicySet, [], answers)).rejects.toThrow('nothing to change')
  await expect(run(mediaPolicySet, ['--e2ee', 'allow'], answers)).rejects.toThrow('e2ee')
  await expect(run(mediaPolicySet, ['--refuse-upload', 'cats'], answers)).rejects.toThrow('is one of executable')
  await expect(run(mediaPolicySet, ['--max-file-bytes', 'many'], answers)).rejects.toThrow('maxFileBytes')
  await expect(run(mediaPolicySet, ['--max-unit-bytes', '5'], answers)).rejects.toThrow('maxUnitBytes')
  await expect(run(mediaPolicySet, ['--unset', 'hair'], answers)).rejects.toThrow('hair')
  await expect(run(mediaPolicyShow, ['--unit', 'A b'], answers)).rejects.toThrow('name')
})
