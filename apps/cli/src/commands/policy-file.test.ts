import { ADMIN_ROUTES } from '@drawbridge/contract'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cli, Command } from '../command.ts'
import { parsePolicy } from '../policy/document.ts'
import { policyApply, policyDiff, policyExport } from './policy-file.ts'

const RULE = { family: 'gajim', below: '2.1', action: 'block' }
const DOCUMENT = { version: 1, clientPosture: 'discover', clientRules: [RULE], playbooks: {} }
const ANSWERS: Readonly<Record<string, unknown>> = {
  getPolicy: { document: DOCUMENT },
  applyPolicy: {
    steps: [{ section: 'clientRules', change: 'add', name: '', after: RULE }],
    effect: {
      epoch: 7,
      appliedMs: 3,
      disconnected: 2,
      notified: 0,
      nodes: [{ id: 'n', name: 'here', state: 'applied', appliedMs: 1, disconnected: 0, notified: 0 }],
    },
  },
}

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'policy-'))
  await writeFile(
    join(directory, 'policy.yaml'),
    'version: 1\nclientRules: [{family: gajim, below: "2.1", action: block}]\n',
  )
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Runs a command; returns what the server was asked, and what was printed. */
async function run(command: Command, args: string[]) {
  const asked: unknown[] = []
  let printed: unknown
  const cli = {
    admin: async (route: string, call: object = {}) => {
      asked.push({ route, ...call })
      return ANSWERS[route]
    },
    result: (lines: unknown) => void (printed = lines),
    document: (text: string) => void (printed = text),
    note: () => undefined,
    resolvePath: (path: string) => join(directory, path),
  }
  await command.run(args, cli as unknown as Cli)
  return { asked, printed }
}

const document = { version: 1, clientRules: [RULE] }
const LINE = '+ client rule: gajim below 2.1 block (routine, priority 100)'

test('a file is compared and nothing is changed', async () => {
  const { asked, printed } = await run(policyDiff, ['policy.yaml'])
  const body = { document, isShadowAccepted: true }
  expect(asked).toEqual([{ route: 'applyPolicy', query: { dryRun: 'true' }, body }])
  expect(printed).toEqual([LINE])
})

test('a file is applied in one request, or tried', async () => {
  const applied = await run(policyApply, ['policy.yaml'])
  expect(applied.asked).toEqual([{ route: 'applyPolicy', query: {}, body: { document } }])
  expect(ADMIN_ROUTES.applyPolicy.body.safeParse({ document }).success).toBe(true)
  expect(applied.printed).toEqual([LINE, 'in force after 3 ms, 2 sessions closed, 0 notified'])
  const tried = await run(policyApply, ['policy.yaml', '--accept-shadow', '--dry-run'])
  expect(tried.asked).toMatchObject([{ query: { dryRun: 'true' }, body: { isShadowAccepted: true } }])
  expect(tried.printed).toEqual([LINE, 'nothing was changed (--dry-run)'])
})

test('what is exported is a file that can be applied', async () => {
  const { printed } = await run(policyExport, [])
  expect(parsePolicy(String(printed))).toEqual(DOCUMENT)
})
