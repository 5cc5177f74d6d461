import { expect, test } from 'vitest'
import { rehearsed } from './admin-client.ts'
import type { AdminClient } from './admin-client.ts'
import { COMMANDS } from './commands/index.ts'
import { helpFor } from './help.ts'

test('a dry run asks for dry runs, reads as always, and changes nothing else', async () => {
  const asked: unknown[] = []
  const admin = rehearsed((async (route: string, call: object) => void asked.push({ route, ...call })) as AdminClient)
  await admin('endRecall', { params: { id: 'r1' } })
  await admin('listRecalls', { query: { limit: 5 } })
  expect(asked).toEqual([
    { route: 'endRecall', params: { id: 'r1' }, query: { dryRun: 'true' } },
    { route: 'listRecalls', query: { limit: 5 } },
  ])
  await expect(admin('deleteAccount', { params: { name: 'bob' } })).rejects.toThrow('There is no dry run')
  expect(asked).toHaveLength(2)
})

test('commands that change the rules say that they can be tried out', () => {
  const without = COMMANDS.filter((command) => !helpFor(command).includes('--dry-run')).map(({ name }) => name)
  const tried =
    /^(?:client-rule|client-exception|suspension|playbook|recall|advisory|break-glass|image-renewal|policy) /u
  const reads = / (?:list|simulate|explain|held|requests|record|proposals|status|nodes|epochs?|export|diff|show)$/u
  expect(without.filter((name) => tried.test(name) && !reads.test(name))).toEqual([])
})
