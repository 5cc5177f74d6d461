import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from './steps.ts'

/** A checkout in which nothing is installed. */
let tree: string

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'drawbridge-bootstrap-'))
  for (const file of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'infra/dev/bootstrap.mjs']) {
    cpSync(join(ROOT, file), join(tree, file), { recursive: true })
  }
  for (const folder of ['packages', 'apps']) mkdirSync(join(tree, folder))
})
afterAll(() => rmSync(tree, { recursive: true }))

function bootstrap(...args: string[]) {
  const env = {
    ...process.env,
    // Nobody listens there: what a machine without network sees.
    npm_config_registry: 'http://127.0.0.1:9',
    npm_config_cache: join(tree, 'npm-cache'),
    npm_config_fetch_retries: '0',
  }
  return spawnSync(process.execPath, [join(tree, 'infra/dev/bootstrap.mjs'), ...args], { encoding: 'utf8', env })
}

test('without network the first start ends with one sentence', () => {
  const { status, stdout, stderr } = bootstrap('up')
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^Fetching pnpm \S+ …$/),
    expect.stringMatching(
      /^Could not fetch pnpm \S+: the package registry cannot be reached, and the network is needed/,
    ),
  ])
})

test('an unknown mode is named together with the known ones', () => {
  const { status, stderr } = bootstrap('down')
  expect([status, stderr]).toEqual([1, 'Unknown mode "down": use one of up, dev, cli, test, nightly.\n'])
})
