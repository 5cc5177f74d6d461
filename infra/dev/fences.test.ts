import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LEAST_MODULES, ROOT, stepsOfCheck } from './steps.ts'

/** A tree of its own with our configuration, in which every file breaks one rule. */
let tree: string

const FILES: Readonly<Record<string, string>> = {
  'packages/policy/src/reads.ts': `import { readFileSync } from 'node:fs'\nexport const text = readFileSync('x')\n`,
  'packages/policy/src/climbs.ts': `import { open } from '../../db/src/index.ts'\nexport const x = open\n`,
  'packages/policy/src/by-name.ts': `import { open } from '@drawbridge/db'\nexport const x = open\n`,
  'packages/db/src/index.ts': `export const open = 1\n`,
  'packages/db/src/a.ts': `import { b } from './b.ts'\nexport const a = () => b\n`,
  'packages/db/src/b.ts': `import { a } from './a.ts'\nexport const b = () => a\n`,
  'apps/web/src/main.ts': `import { start } from '../../server/src/server.ts'\nstart()\n`,
  'apps/server/src/server.ts': `export const start = () => process.env['HOME']\n`,
  'apps/server/src/features/time.ts': `import { carbons } from './carbons.ts'\nexport const time = carbons\n`,
  'apps/server/src/features/carbons.ts': `export const carbons = 1\n`,
  'apps/server/src/routing/router.ts': `import { carbons } from '../features/carbons.ts'\nexport const x = carbons\n`,
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'drawbridge-fences-'))
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
  for (const file of ['.oxlintrc.json', '.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, file), join(tree, file))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
})
afterAll(() => rmSync(tree, { recursive: true }))

function run(program: string, ...args: string[]): { status: number | null; output: string } {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin', program), args, {
    cwd: tree,
    env,
    encoding: 'utf8',
  })
  return { status, output: `${stdout}${stderr}` }
}

describe('oxlint refuses', () => {
  let lint: { status: number | null; output: string }
  beforeAll(() => void (lint = run('oxlint', '-f', 'unix', 'packages', 'apps')))

  test.each([
    ['Node in a pure package', /policy\/src\/reads\.ts.*'node:fs' import is restricted/],
    ['an import of a higher level', /policy\/src\/by-name\.ts.*'@drawbridge\/db' import is restricted/],
    ['a cycle', /db\/src\/a\.ts.*cycle/],
    ['the environment outside main', /server\/src\/server\.ts.*'process\.env' is restricted/],
  ])('%s', (_what, pattern) => {
    expect(lint.output).toMatch(pattern)
    expect(lint.status).not.toBe(0)
  })
})

describe('dependency-cruiser refuses', () => {
  let cruise: { status: number | null; output: string }
  beforeAll(() => void (cruise = run('depcruise', '--config', '.dependency-cruiser.cjs', 'packages', 'apps')))

  test.each([
    ['Node in a pure package', /pure: packages\/policy\/src\/reads\.ts/],
    ['an import of a higher level', /not-in-allowed: packages\/policy\/src\/climbs\.ts/],
    ['a cycle', /no-cycle: packages\/db\/src\/a\.ts/],
    ['an app that imports an app', /not-in-allowed: apps\/web\/src\/main\.ts/],
    ['a feature that imports a feature', /features-apart: apps\/server\/src\/features\/time\.ts/],
    ['routing that imports a feature', /server-routing: apps\/server\/src\/routing\/router\.ts/],
  ])('%s', (_what, pattern) => {
    expect(cruise.output).toMatch(pattern)
    expect(cruise.status).not.toBe(0)
  })

  test('and a run that read almost nothing does not count as success', () => {
    const step = stepsOfCheck().find(({ name }) => name === 'dependency rules')
    expect(step?.inspect?.('✔ no dependency violations found (0 modules, 0 dependencies cruised)')).toMatch(
      `at least ${LEAST_MODULES}`,
    )
  })
})
