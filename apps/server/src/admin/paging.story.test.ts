import type { Proposal } from '@drawbridge/advisories'
import { noteSightings, openProposals, updateProposal } from '@drawbridge/db'
import { claimFrom, identify } from '@drawbridge/policy'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { admin } from '../../test/admin.ts'

// Lists of what moves while somebody turns pages: everything that was there comes, and once.

type Admin = Awaited<ReturnType<typeof admin>>

const START = Date.parse('2026-11-24T02:00:00Z')

async function inventory() {
  let at = START
  const a = await admin({ now: () => new Date(at) })
  const names = ['alice', 'bob', 'carol', 'dave', 'erin']
  for (const name of names) await a.local('POST', '/api/v1/accounts', { json: { name, password: 'correct horse' } })
  const see = async (name: string, version: string) => {
    at += 1_000
    const identity = identify([claimFrom({ source: 'client-element', name: 'Acme', version })])
    const clientKey = createHash('sha256').update(version).digest()
    const accountId = a.accounts.find(name)?.id ?? ''
    const seen = { family: 'acme', version, identity, address: null, node: 'here', unknownBecause: undefined }
    await noteSightings(a.database.db, [{ ...seen, accountId, clientKey, isRefused: false, seenAt: new Date(at) }])
  }
  return Object.assign(a, { see, pass: (ms: number) => void (at += ms), at: () => new Date(at) })
}

/** Every page of a list of one row each, with something happening between them. */
async function turned<T>(a: Admin, path: string, key: string, between: (page: number) => Promise<void>): Promise<T[]> {
  const rows: T[] = []
  let cursor = ''
  for (let page = 1; page < 20; page++) {
    const { body } = await a.local('GET', `${path}?limit=1${cursor}`)
    rows.push(...(body[key] as T[]))
    if (typeof body['next'] !== 'string') return rows
    cursor = `&cursor=${body['next']}`
    await between(page)
  }
  throw new Error('there is no end to it')
}

test('who is seen again while the inventory is read is in it, and once', async () => {
  await using a = await inventory()
  for (const name of ['alice', 'bob', 'carol', 'dave']) await a.see(name, '1.0')
  type Use = { account: string }
  // Of those to come each time the last one, and one who has been shown.
  const uses = await turned<Use>(a, '/api/v1/clients/uses', 'uses', async () => {
    await a.see('alice', '1.0')
    await a.see('dave', '1.0')
    await a.see('erin', '1.0')
  })
  expect(uses.map(({ account }) => account)).toEqual(['dave', 'carol', 'bob', 'alice'])
})

test('a version that more people come to use while versions are read stays where it was', async () => {
  await using a = await inventory()
  for (const name of ['alice', 'bob', 'carol']) await a.see(name, '3.0')
  for (const name of ['alice', 'bob']) await a.see(name, '2.0')
  await a.see('alice', '1.0')
  type Version = { version: string; people: number }
  const versions = await turned<Version>(a, '/api/v1/clients', 'clients', async (page) => {
    // What is least used becomes what is most used, and there is a new one.
    if (page === 1) for (const name of ['bob', 'carol', 'dave', 'erin']) await a.see(name, '1.0')
    if (page === 2) await a.see('erin', '4.0')
  })
  expect(versions.map(({ version, people }) => [version, people])).toEqual([
    ['3.0', 3],
    ['2.0', 2],
    ['1.0', 5],
    ['4.0', 1],
  ])
})

test('a proposal that is decided or found again while proposals are read is in the list, and once', async () => {
  await using a = await inventory()
  const { db } = a.database
  const find = async (flaw: string) => {
    a.pass(1_000)
    const document: Proposal = {
      ...{ flaw, family: 'acme', advisories: [flaw], title: 'A test', isExploited: false, confidence: 'exact' },
      ...{ range: { below: '2.0' }, versions: ['1.0'], formats: [], isDegradeArmable: false },
      suggestion: { action: 'disconnect', preset: 'urgent' },
    }
    await openProposals(db, [{ flaw, family: 'acme', document, foundAt: a.at() }])
  }
  for (const flaw of ['CVE-1', 'CVE-2', 'CVE-3', 'CVE-4']) await find(flaw)
  const proposals = await turned<Proposal>(a, '/api/v1/advisories/proposals', 'proposals', async (page) => {
    a.pass(1_000)
    const decided = { state: 'dismissed', decidedAt: a.at(), decidedBy: 'carol@im.test' } as const
    if (page === 1) await updateProposal(db, 'CVE-4', 'acme', decided)
    if (page === 1) await updateProposal(db, 'CVE-2', 'acme', decided)
    if (page === 2) await find('CVE-1')
  })
  expect(proposals.map(({ flaw }) => flaw)).toEqual(['CVE-4', 'CVE-3', 'CVE-2', 'CVE-1'])
})
