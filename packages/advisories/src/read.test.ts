import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFeed, UnknownFeedError } from './read.ts'
import { CHROME_CVE, cveOf, GHSA_ELECTRON, KEV, OSV_PILLOW, VENDOR_CSAF, VENDOR_VEX } from './test-records.ts'

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

  test('CVE 5.1 as Chrome publishes it: a range from a version up to itself is everything before it', () => {
    const [advisory] = read(CHROME_CVE).advisories
    expect(advisory?.products).toEqual([
      {
        identifiers: ['name:google/chrome'],
        statements: [
          { interval: { below: '116.0.5845.187' }, isAffected: true },
          { interval: { from: '116.0.5845.187' }, isAffected: false },
        ],
        otherwise: 'unknown',
      },
      {
        identifiers: ['name:google/libwebp'],
        statements: [
          { interval: { below: '1.3.2' }, isAffected: true },
          { interval: { from: '1.3.2' }, isAffected: false },
        ],
        otherwise: 'unknown',
      },
    ])
  })

  test('CVE 5.1: a package of a collection, and products without a vendor', () => {
    const names = (affected: object) => read(cveOf(affected)).advisories[0]?.products[0]?.identifiers
    expect(names({ collectionURL: 'https://pypi.org', packageName: 'Gajim' })).toEqual(['pkg:pypi/gajim'])
    expect(names({ vendor: 'n/a', product: 'Gajim' })).toEqual(['name:/gajim'])
    expect(names({ vendor: 'n/a', product: 'n/a' })).toBeUndefined()
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
  test('a file that begins with a byte order mark is read', () => {
    expect(readFeed(`\u{FEFF}${JSON.stringify(KEV)}`).kind).toBe('kev')
    expect(readFeed(`\u{FEFF}${JSON.stringify(OSV_PILLOW)}\r\n${JSON.stringify(OSV_PILLOW)}\r\n`).unread).toEqual([])
  })

  test('half a character and NUL are replaced in a text, and no name', () => {
    const [advisory] = read({ ...OSV_PILLOW, summary: 'a\ud800b\0' }).advisories
    expect(advisory?.title).toBe('a\u{FFFD}b\u{FFFD}')
    expect(read({ ...OSV_PILLOW, aliases: [], modified: '\ud800' }, KEV).unread).toContainEqual(
      expect.objectContaining({ at: 'record 1' }),
    )
    expect(read({ ...OSV_PILLOW, summary: `${'x'.repeat(498)}\u{1F600}${'x'.repeat(9)}` }).advisories[0]?.title).toBe(
      `${'x'.repeat(498)}\u{FFFD}…`,
    )
  })

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
