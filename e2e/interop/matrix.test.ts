import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CAPABILITIES, capabilitiesOf, CLIENTS } from './matrix.ts'
import type { Client } from './matrix.ts'
import { debianVersion, isDebianOfMatrix, missingPackage } from './packages.ts'
import { SCENARIOS } from './scenarios.ts'

const clients = Object.entries<Client>(CLIENTS)
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
}

test('every client of the matrix has a file that runs what it can do, and no other client has one', () => {
  const described = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.test.ts') && file !== 'matrix.test.ts')
    .flatMap((file) => [
      ...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/^describeClient\('([^']+)'/gm),
    ])
    .map(([, name]) => name)
  expect(new Set(described)).toEqual(new Set(Object.keys(CLIENTS)))
  expect(described).toHaveLength(clients.length)
  expect(Object.keys(SCENARIOS)).toEqual(Object.keys(CAPABILITIES))
})

test('every client signs in and does more than that', () => {
  for (const [name, client] of clients)
    expect([name, capabilitiesOf(client)]).toEqual([name, expect.arrayContaining(['signIn', 'chat'])])
})

test.each(clients)('the matrix names the version of %s that is run', (_name, client) => {
  if ('npm' in client.from) return expect(manifest.dependencies[client.from.npm]).toBe(client.version)
  // Another Debian has other versions, which may do as well; the table is about this one.
  if (isDebianOfMatrix() && missingPackage(client) === undefined)
    expect(debianVersion(client.from.debian)).toBe(client.version)
})
