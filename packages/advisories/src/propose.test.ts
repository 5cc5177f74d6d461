import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { BUNDLE_TYPE, BundleError, readBundle, signedBytes } from './bundle.ts'
import { identifierFromCpe, identifierFromPackage, identifierFromPurl } from './identifiers.ts'
import { affects, ruleRange } from './intervals.ts'
import type { Known } from './match.ts'
import { DEFAULT_PRODUCTS, withOwn } from './products.ts'
import { propose } from './propose.ts'
import { readFeed } from './read.ts'
import { buildSbom, CHROME_CVE, cveOf, KEV, OSV_PILLOW, VENDOR_CSAF, VENDOR_VEX } from './test-records.ts'
import { readSbom } from './sbom.ts'

const NOW = Date.UTC(2023, 8, 14)

const knowledge = (...records: readonly unknown[]) => {
  const feeds = records.map((record) => readFeed(JSON.stringify(record)))
  return {
    advisories: feeds.flatMap(({ advisories }) => advisories),
    exploited: feeds.flatMap(({ exploited }) => exploited),
    notAffected: feeds.flatMap(({ notAffected }) => notAffected),
  }
}
const known = (over: Partial<Known> = {}): Known => ({ clients: [], builds: [], products: DEFAULT_PRODUCTS, ...over })
const build = (version: string, libwebp: string) => {
  const { components } = readSbom(buildSbom('acme-chat', version, libwebp))
  return { family: 'acme-chat', version, components }
}

describe('from a record to a proposal', () => {
  test('a client that is named itself: exact, with the first version that is fine', () => {
    const clients = [{ family: 'gajim', versions: ['1.7.3', '1.8.4'] }]
    const [proposal, ...others] = propose(knowledge(VENDOR_CSAF, KEV), known({ clients }), NOW)
    expect(others).toEqual([])
    expect(proposal).toMatchObject({
      flaw: 'CVE-2023-4863',
      family: 'gajim',
      confidence: 'exact',
      range: { from: '1.0', below: '1.8.2' },
      versions: ['1.7.3'],
      formats: ['webp'],
      isExploited: true,
      isDegradeArmable: true,
      suggestion: { action: 'disconnect', preset: 'urgent', deadline: Date.UTC(2023, 9, 4) },
    })
  })

  test('a vulnerable library inside a build that has no record of its own: found by its bill of materials', () => {
    const clients = [{ family: 'acme-chat', versions: ['4.1.0', '4.2.0'] }]
    const builds = [build('4.1.0', '1.3.1'), build('4.2.0', '1.3.2')]
    const [proposal] = propose(knowledge(CHROME_CVE), known({ clients, builds }), NOW)
    expect(proposal).toMatchObject({
      family: 'acme-chat',
      confidence: 'exact',
      component: 'libwebp',
      range: { below: '4.2.0' },
      versions: ['4.1.0'],
      formats: ['webp'],
      suggestion: { action: 'block', preset: 'routine' },
    })
  })

  test('no build is fine: nobody is locked out without a way back, the images are withheld', () => {
    const clients = [{ family: 'acme-chat', versions: ['4.1.0'] }]
    const [proposal] = propose(knowledge(CHROME_CVE, KEV), known({ clients, builds: [build('4.1.0', '1.3.1')] }), NOW)
    expect(proposal).toMatchObject({ range: {}, suggestion: { action: 'degrade', preset: 'urgent' } })
  })

  test('a client that is known to contain the library, nobody knows in which version: possible, and only warned', () => {
    const clients = [{ family: 'dino', versions: ['0.4.3', undefined] }]
    const [proposal] = propose(knowledge(CHROME_CVE, KEV), known({ clients }), NOW)
    expect(proposal).toMatchObject({
      confidence: 'possible',
      component: 'libwebp',
      isDegradeArmable: false,
      suggestion: { action: 'warn' },
    })
  })

  test('a build on record that is fine says nothing of the other versions of its family', () => {
    const clients = [{ family: 'gajim', versions: ['1.7.0', '1.9.0', undefined] }]
    const { components } = readSbom(buildSbom('gajim', '1.9.0', '1.3.2'))
    const builds = [{ family: 'gajim', version: '1.9.0', components }]
    const [proposal] = propose(knowledge(CHROME_CVE, KEV), known({ clients, builds }), NOW)
    expect(proposal).toMatchObject({ confidence: 'possible', component: 'libwebp', versions: ['1.7.0', undefined] })
    const all = { clients: [{ family: 'gajim', versions: ['1.9.0'] }], builds }
    expect(propose(knowledge(CHROME_CVE, KEV), known(all), NOW)).toEqual([])
  })

  test('a part whose version cannot be compared makes a build possible, and arms nothing', () => {
    const clients = [{ family: 'acme-chat', versions: ['4.1.0'] }]
    const builds = [build('4.1.0', 'of my own')]
    const [proposal] = propose(knowledge(CHROME_CVE, KEV), known({ clients, builds }), NOW)
    expect(proposal).toMatchObject({ confidence: 'possible', versions: ['4.1.0'], isDegradeArmable: false })
  })

  test.each([
    [{ vendor: 'Gajim', product: 'gajim' }, 'likely'],
    [{ vendor: 'gajim project', product: 'GAJIM' }, 'likely'],
    [{ vendor: 'n/a', product: 'Gajim' }, 'possible'],
    [{ vendor: 'x', product: 'y', cpes: ['cpe:2.3:a:gajim_project:gajim:*:*:*:*:*:*:*:*'] }, 'exact'],
    [{ collectionURL: 'https://pypi.org', packageName: 'gajim' }, 'exact'],
  ])('a CVE record that names the client as %j finds it: %s', (names, confidence) => {
    const affected = { ...names, versions: [{ version: '0', lessThan: '1.8.0', status: 'affected' }] }
    const clients = [{ family: 'gajim', versions: ['1.7.0'] }]
    const [proposal] = propose(knowledge(cveOf(affected)), known({ clients }), NOW)
    expect(proposal).toMatchObject({ family: 'gajim', confidence, versions: ['1.7.0'] })
  })

  test('a version that cannot be compared is possible, never fine', () => {
    const clients = [{ family: 'gajim', versions: ['nightly-of-my-own', undefined] }]
    const [proposal] = propose(knowledge(VENDOR_CSAF), known({ clients }), NOW)
    expect(proposal).toMatchObject({ confidence: 'possible', versions: ['nightly-of-my-own', undefined] })
  })

  test('nobody uses an affected version: no proposal', () => {
    expect(
      propose(knowledge(VENDOR_CSAF), known({ clients: [{ family: 'gajim', versions: ['1.8.4'] }] }), NOW),
    ).toEqual([])
  })

  test('the vendor says that it is not affected: no proposal', () => {
    const clients = [{ family: 'gajim', versions: ['1.7.3'] }]
    expect(propose(knowledge(VENDOR_CSAF, VENDOR_VEX), known({ clients }), NOW)).toEqual([])
  })

  test('one flaw in several publications is one proposal, which names them all', () => {
    const clients = [{ family: 'gajim', versions: ['1.7.3'] }]
    const [proposal, ...others] = propose(knowledge(OSV_PILLOW, VENDOR_CSAF), known({ clients }), NOW)
    expect(others).toEqual([])
    expect(proposal?.advisories.toSorted()).toEqual(['CVE-2023-4863', 'GHSA-j7hp-h8jx-5ppr'])
  })

  test("an installation's own map is laid over the built-in one", () => {
    const own = withOwn({ clients: { 'acme-chat': { identifiers: ['pkg:pypi/gajim'], contains: [] } }, components: {} })
    const clients = [{ family: 'acme-chat', versions: ['1.7.3'] }]
    expect(propose(knowledge(VENDOR_CSAF), known({ clients, products: own }), NOW)).toHaveLength(1)
    expect(own.components['libwebp']).toBeDefined()
  })
})

describe('a bill of materials', () => {
  test.each([{}, { metadata: {} }, { metadata: { component: { name: 'x' } } }])(
    'may say of itself as little as %j',
    (head) => {
      const { components } = readSbom({ bomFormat: 'CycloneDX', ...head, components: [{ name: 'libwebp' }] })
      expect(components).toMatchObject([{ name: 'libwebp', version: '' }])
    },
  )
})

describe('versions', () => {
  const product = {
    identifiers: [],
    otherwise: 'affected' as const,
    statements: [{ interval: { from: '3.0' }, isAffected: false }],
  }

  test('affected unless said otherwise: up to the first version that is fine', () => {
    expect(affects(product, '2.9')).toBe('yes')
    expect(affects(product, '3.0.1')).toBe('no')
    expect(affects(product, 'junk')).toBe('unknown')
    expect(ruleRange(product, '2.9')).toEqual({ below: '3.0' })
  })

  test('a last affected version becomes a bound that rules can say', () => {
    const statements = [{ interval: { last: '2.3.1' }, isAffected: true }]
    const range = ruleRange({ identifiers: [], otherwise: 'unaffected', statements }, '2.0')
    expect(range).toEqual({ below: '2.3.1.1' })
  })
})

describe('names', () => {
  test.each([
    ['pkg:npm/%40Scope/name@1.0?x=y#z', 'pkg:npm/@scope/name'],
    ['pkg:npm/@scope/name', 'pkg:npm/@scope/name'],
    ['pkg:pypi/pillow@10.0.0', 'pkg:pypi/pillow'],
    ['pkg:npm/%E0%A4%A', undefined],
    ['https://example.com', undefined],
  ])('%s is %s', (purl, expected) => {
    expect(identifierFromPurl(purl)).toBe(expected)
  })

  test('CPEs of both versions and packages of ecosystems have one spelling', () => {
    expect(identifierFromCpe('cpe:2.3:a:gajim:gajim:1.0:*:*:*:*:*:*:*')).toBe('cpe:gajim:gajim')
    expect(identifierFromCpe('cpe:/a:gajim:gajim:1.0')).toBe('cpe:gajim:gajim')
    expect(identifierFromPackage('Debian:12', 'dino-im')).toBe('pkg:deb/debian/dino-im')
    expect(identifierFromPackage('Maven', 'org.a:b')).toBe('pkg:maven/org.a/b')
  })
})

describe('a signed bundle for sites without network', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const isRight = (bytes: Uint8Array, signature: Uint8Array) => verify(null, bytes, publicKey, signature)
  const seal = (content: unknown) => {
    const payload = Buffer.from(JSON.stringify(content))
    const sig = sign(null, signedBytes(payload), privateKey).toString('base64')
    return { payloadType: BUNDLE_TYPE, payload: payload.toString('base64'), signatures: [{ keyid: 'k', sig }] }
  }
  const content = {
    sequence: 7,
    createdAt: '2023-09-14T00:00:00Z',
    files: [{ name: 'kev.json', text: JSON.stringify(KEV) }],
  }

  test('opens when a trusted key has signed it', () => {
    expect(readBundle(JSON.stringify(seal(content)), isRight)).toEqual(content)
  })

  test('one changed byte, another key, another type or another content: refused', () => {
    const sealed = seal(content)
    const payload = Buffer.from(sealed.payload, 'base64')
    payload[10] = (payload[10] ?? 0) ^ 1
    for (const broken of [
      { ...sealed, payload: payload.toString('base64') },
      { ...sealed, payloadType: 'text/plain' },
      { ...sealed, signatures: [] },
      seal({ ...content, sequence: -1 }),
      'junk',
    ]) {
      expect(() => readBundle(JSON.stringify(broken), isRight)).toThrow(BundleError)
    }
    expect(() => readBundle(JSON.stringify(sealed), () => false)).toThrow(BundleError)
  })
})
