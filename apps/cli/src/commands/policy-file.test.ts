import { ADMIN_ROUTES } from '@drawbridge/contract'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cli, Command } from '../command.ts'
import { policyApply, policyDiff, policyExport } from './policy-file.ts'

const RULE = {
  id: 'r1',
  family: 'gajim',
  below: '2.0',
  action: 'block',
  preset: 'routine',
  priority: 100,
  createdAt: '2026-11-23T09:00:00.000Z',
  createdBy: 'carol@im.test',
  stages: [],
}
const ANSWERS: Readonly<Record<string, unknown>> = {
  getMediaPolicy: { policy: ADMIN_ROUTES.setMediaPolicy.body.parse({}), units: {} },
  listClientRules: { rules: [RULE] },
  addClientRule: { effect: { epoch: 7, appliedMs: 3, disconnected: 2, notified: 0, nodes: [] } },
  removeClientRule: { effect: { epoch: 8, appliedMs: 3, disconnected: 0, notified: 0, nodes: [] } },
}
const FILE = 'version: 1\nclientRules: [{family: gajim, below: "2.1", action: block}]\n'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'policy-'))
  await writeFile(join(directory, 'policy.yaml'), FILE)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Runs a command; returns what the server was asked to change, and what was printed. */
async function run(command: Command, args: string[]) {
  const changes: unknown[] = []
  let printed: unknown
  const cli = {
    admin: async (route: string, call: object = {}) => {
      if (!/^(?:get|list)/u.test(route)) changes.push({ route, ...call })
      return ANSWERS[route]
    },
    result: (lines: unknown) => void (printed = lines),
    note: () => undefined,
    resolvePath: (path: string) => join(directory, path),
  }
  await command.run(args, cli as unknown as Cli)
  return { changes, printed }
}

test('a file is compared and nothing is changed', async () => {
  const { changes, printed } = await run(policyDiff, ['policy.yaml'])
  expect(changes).toEqual([])
  expect(printed).toEqual([
    '+ client rule: gajim below 2.1 block (routine, priority 100)',
    '- client rule r1: gajim below 2.0 block (routine, priority 100)',
  ])
})

test('a file is applied in an order without gaps, or tried', async () => {
  const rule = { family: 'gajim', below: '2.1', action: 'block', isShadowAccepted: true }
  const applied = await run(policyApply, ['policy.yaml'])
  expect(applied.changes).toEqual([
    { route: 'addClientRule', query: {}, body: rule },
    { route: 'removeClientRule', query: {}, params: { id: 'r1' } },
  ])
  expect(applied.printed).toBe('2 steps')
  const tried = await run(policyApply, ['policy.yaml', '--dry-run'])
  expect(tried.changes).toMatchObject([{ query: { dryRun: 'true' } }, { query: { dryRun: 'true' } }])
  expect(tried.printed).toContain('none of them taken')
})

test('what is exported can be written to a file and applied: nothing is to change', async () => {
  const { printed } = await run(policyExport, [])
  await writeFile(join(directory, 'exported.yaml'), String(printed))
  expect((await run(policyApply, ['exported.yaml'])).printed).toBe('nothing to change')
})
