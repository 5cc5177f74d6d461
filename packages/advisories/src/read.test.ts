import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFeed, UnknownFeedError } from './read.ts'
import { CHROME_CVE, GHSA_ELECTRON, KEV, OSV_PILLOW, VENDOR_CSAF, VENDOR_VEX } from './test-records.ts'

const read = (...records: readonly unknown[]) => readFeed(records.map((record) => JSON.stringify(record)).join('\n'))

describe('each format is told from its content and read into one shape', () => {
  test('KEV: urgency and a due date, no versions', () => {
    const feed = read(KEV)
    expect(feed.kind).toBe('kev')
    expect(feed.exploited).toContainEqual({ id: 'CVE-2023-4863', since: '2023-09-13', dueDate: '2023-10-04' })
    expect(feed.unread).toEqual([{ at: 'vulnerability 2', why: 'has no CVE id and date' }])
  })

  test('OSV: events become intervals, commits are left out', () => {
    const [advisory] = read(OSV_PILLOW).advisories
    expect(advisory).toMatchObject({ kind: 'osv', aliases: ['CVE-2023-4863'] })
    expect(advisory?.products).toEqual([
      {
        identifiers: ['pkg:pypi/pillow'],
        statements: [{ interval: { below: '10.0.1' }, isAffected: true }],
        otherwise: 'unaffected',
      },
    ])
  })

  test('GHSA: ranges as text', () => {
    const [advisory] = read(GHSA_ELECTRON).advisories
    expect(advisory?.products.map(({ identifiers, statements }) => [identifiers[0], statements[0]?.interval])).toEqual([
      ['pkg:npm/electron', { from: '22.0.0', below: '22.3.24' }],
      ['pkg:npm/electron', { last: '21.4.4' }],
    ])
  })

  test('CVE 5.1: ranges with changes, wildcards, and products that are affected unless said otherwise', () => {
    const [advisory] = read(CHROME_CVE).advisories
    expect(advisory?.products).toEqual([
      {
        identifiers: ['cpe:google:chrome', 'name:google/chrome'],
        statements: [{ interval: { from: '116.0.5845.187', below: '116.0.5845.187' }, isAffected: true }],
        otherwise: 'unaffected',
      },
      {
        identifiers: ['name:google/libwebp'],
        statements: [
          { interval: { below: '1.2.5' }, isAffected: true },
          { interval: { from: '1.2.5', below: '1.3.0' }, isAffected: false },
          { interval: { from: '1.3.0', below: '2' }, isAffected: true },
        ],
        otherwise: 'unaffected',
      },
      {
        identifiers: ['name:example/viewer'],
        statements: [{ interval: { from: '3.0' }, isAffected: false }],
        otherwise: 'affected',
      },
    ])
  })

  test('CSAF 2.0: the tree says vendor, name and version, the leaf has the id', () => {
    const feed = read(VENDOR_CSAF)
    expect(feed.advisories[0]?.products).toEqual([
      {
        identifiers: ['pkg:pypi/gajim', 'name:gajim/gajim'],
        statements: [{ interval: { from: '1.0', below: '1.8.2' }, isAffected: true }],
        otherwise: 'unaffected',
      },
    ])
    expect(feed.notAffected).toEqual([
      { id: 'CVE-2023-4863', identifiers: ['cpe:profanity-im:profanity', 'name:gajim/profanity'] },
    ])
  })

  test('OpenVEX: only who is not affected', () => {
    expect(read(VENDOR_VEX)).toMatchObject({
      kind: 'openvex',
      advisories: [],
      notAffected: [{ id: 'CVE-2023-4863', identifiers: ['pkg:pypi/gajim'] }],
    })
  })

  test('a record that was withdrawn or rejected is taken back', () => {
    expect(read({ ...OSV_PILLOW, withdrawn: '2024-01-01T00:00:00Z' }).withdrawn).toEqual([OSV_PILLOW.id])
    const rejected = { ...CHROME_CVE, cveMetadata: { ...CHROME_CVE.cveMetadata, state: 'REJECTED' } }
    expect(read(rejected)).toMatchObject({ advisories: [], withdrawn: ['CVE-2023-4863'] })
  })
})

describe('hostile and broken files', () => {
  test('one broken record costs only itself, and is named', () => {
    const feed = read({ ...OSV_PILLOW, id: 'x y' }, OSV_PILLOW, { hello: 1 })
    expect(feed.advisories).toHaveLength(1)
    expect(feed.unread.map(({ at }) => at)).toEqual(['record 1', 'record 3'])
  })

  test.each(['', 'no json', '[]', '42', '{"a":1}', '[null]'])('%j is no feed', (text) => {
    expect(() => readFeed(text)).toThrow(UnknownFeedError)
  })

  test('a product tree that is nested very deep is refused or read, never a stack that runs out', () => {
    const depth = 5_000
    const open = '{"category":"product_family","name":"f","branches":['
    const leaf = '{"category":"product_version","name":"1","product":{"product_id":"P","name":"p"}}'
    const tree = `{"branches":[${open.repeat(depth)}${leaf}${']}'.repeat(depth)}]}`
    const text = JSON.stringify({ ...VENDOR_CSAF, product_tree: 0 }).replace(
      '"product_tree":0',
      `"product_tree":${tree}`,
    )
    const feed = readFeed(text)
    expect(feed.kind).toBe('csaf')
  })

  test('whatever a record of a known format says, reading ends in a value', () => {
    const heads = [
      { catalogVersion: '1' },
      { dataType: 'CVE_RECORD' },
      { ghsa_id: 'GHSA-x' },
      { id: 'x', modified: 'y' },
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...heads),
        fc.dictionary(fc.constantFrom('affected', 'vulnerabilities', 'containers', 'aliases'), fc.jsonValue()),
        (head, rest) => {
          const text = JSON.stringify([{ ...head, ...rest }, KEV])
          expect(readFeed(text).exploited.length).toBeGreaterThan(0)
        },
      ),
      { numRuns: 200 },
    )
  })
})
