import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CODES, type Code } from '../../packages/contract/src/index.ts'
import { ROOT } from './steps.ts'

const packages = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(ROOT, path, 'package.json'))),
)

test.each(packages)('%s says what it is for', (path) => {
  const readme = join(ROOT, path, 'README.md')
  expect(existsSync(readme), `${path}/README.md is missing`).toBe(true)
  const first = readFileSync(readme, 'utf8')
    .split('\n')
    .find((line) => line.trim() !== '' && !line.startsWith('#'))
  expect(first?.length).toBeGreaterThan(20)
})

test('every package has the licence of the product', () => {
  for (const path of ['.', ...packages]) {
    const manifest = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as { license?: string }
    expect([path, manifest.license]).toEqual([path, 'AGPL-3.0-or-later'])
  }
})

test('every dependency is pinned to one version', () => {
  for (const path of ['.', 'e2e', ...packages]) {
    const manifest = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as Record<string, unknown>
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      for (const [name, version] of Object.entries((manifest[kind] ?? {}) as Record<string, string>)) {
        expect(`${path}: ${name} ${version}`).toMatch(/ (workspace:\*|(npm:.*@)?\d+\.\d+\.\d+(-[\w.]+)?)$/)
      }
    }
  }
})

test('every error code is documented in both languages', () => {
  const docs = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  for (const [code, { text }] of Object.entries<Code>(CODES)) {
    expect([code, docs.includes(`\`${code}\``), text.en !== '' && text.de !== '']).toEqual([code, true, true])
  }
})
