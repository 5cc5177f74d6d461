// Records for tests, in the shapes in which they are published. The facts are those of CVE-2023-4863; what is added to
// show a corner of a format is of products that do not exist.

export const KEV = {
  title: 'CISA Catalog of Known Exploited Vulnerabilities',
  catalogVersion: '2023.09.13',
  count: 2,
  vulnerabilities: [
    {
      cveID: 'CVE-2023-4863',
      vendorProject: 'Google',
      product: 'Chromium WebP',
      vulnerabilityName: 'Google Chromium WebP Heap-Based Buffer Overflow Vulnerability',
      dateAdded: '2023-09-13',
      dueDate: '2023-10-04',
    },
    { vendorProject: 'nobody' },
  ],
}

export const OSV_PILLOW = {
  id: 'GHSA-j7hp-h8jx-5ppr',
  modified: '2024-02-16T08:22:46Z',
  aliases: ['CVE-2023-4863'],
  summary: 'libwebp: OOB write in BuildHuffmanTable',
  affected: [
    {
      package: { ecosystem: 'PyPI', name: 'Pillow', purl: 'pkg:pypi/pillow' },
      ranges: [
        { type: 'GIT', events: [{ introduced: '0' }, { fixed: '902bc9190331343b2017211debcec8d2ab87e17a' }] },
        { type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '10.0.1' }] },
      ],
    },
  ],
}

export const GHSA_ELECTRON = {
  ghsa_id: 'GHSA-j7hp-h8jx-5ppr',
  cve_id: 'CVE-2023-4863',
  html_url: 'https://github.com/advisories/GHSA-j7hp-h8jx-5ppr',
  summary: 'libwebp: OOB write in BuildHuffmanTable',
  updated_at: '2024-02-16T08:22:46Z',
  withdrawn_at: null,
  vulnerabilities: [
    { package: { ecosystem: 'npm', name: 'electron' }, vulnerable_version_range: '>= 22.0.0, < 22.3.24' },
    { package: { ecosystem: 'npm', name: 'electron' }, vulnerable_version_range: '<= 21.4.4' },
  ],
}

/** As it is published: Chrome writes "everything before" as a range from a version up to itself, and no other status. */
export const CHROME_CVE = {
  dataType: 'CVE_RECORD',
  dataVersion: '5.1',
  cveMetadata: {
    cveId: 'CVE-2023-4863',
    state: 'PUBLISHED',
    assignerShortName: 'Chrome',
    datePublished: '2023-09-12T14:24:59.275Z',
    dateUpdated: '2025-02-13T17:09:24.000Z',
  },
  containers: {
    cna: {
      affected: [
        {
          vendor: 'Google',
          product: 'Chrome',
          versions: [
            { version: '116.0.5845.187', status: 'affected', lessThan: '116.0.5845.187', versionType: 'custom' },
          ],
        },
        {
          vendor: 'Google',
          product: 'libwebp',
          versions: [{ version: '1.3.2', status: 'affected', lessThan: '1.3.2', versionType: 'custom' }],
        },
      ],
      descriptions: [
        {
          lang: 'en',
          value:
            'Heap buffer overflow in libwebp in Google Chrome prior to 116.0.5845.187 and libwebp 1.3.2 allowed a remote attacker to perform an out of bounds memory write via a crafted HTML page. (Chromium security severity: Critical)',
        },
      ],
      problemTypes: [{ descriptions: [{ lang: 'en', description: 'Heap buffer overflow' }] }],
      references: [{ url: 'https://crbug.com/1479274' }],
    },
    adp: [{ title: 'CVE Program Container', references: [{ url: 'https://crbug.com/1479274' }] }],
  },
}

/** A CVE record of one product. */
export const cveOf = (affected: object, id = 'CVE-2099-0001') => ({
  dataType: 'CVE_RECORD',
  dataVersion: '5.1',
  cveMetadata: { cveId: id, state: 'PUBLISHED' },
  containers: { cna: { descriptions: [{ lang: 'en', value: 'A flaw' }], affected: [affected].flat() } },
})

export const VENDOR_CSAF = {
  document: {
    csaf_version: '2.0',
    title: 'libwebp in our products',
    tracking: { id: 'EX-2023-1', current_release_date: '2023-09-20T10:00:00Z' },
  },
  product_tree: {
    branches: [
      {
        category: 'vendor',
        name: 'Gajim',
        branches: [
          {
            category: 'product_name',
            name: 'Gajim',
            branches: [
              {
                category: 'product_version_range',
                name: 'vers:pypi/>=1.0|<1.8.2',
                product: {
                  product_id: 'G-old',
                  name: 'Gajim before 1.8.2',
                  product_identification_helper: { purl: 'pkg:pypi/gajim' },
                },
              },
            ],
          },
          {
            category: 'product_name',
            name: 'Profanity',
            product: {
              product_id: 'P',
              name: 'Profanity',
              product_identification_helper: { cpe: 'cpe:/a:profanity-im:profanity' },
            },
          },
        ],
      },
    ],
  },
  vulnerabilities: [{ cve: 'CVE-2023-4863', product_status: { known_affected: ['G-old'], known_not_affected: ['P'] } }],
}

export const VENDOR_VEX = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  statements: [
    {
      vulnerability: { name: 'CVE-2023-4863' },
      products: [{ '@id': 'pkg:pypi/gajim@1.8.1' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
    },
    { vulnerability: { name: 'CVE-2023-5217' }, products: [{ '@id': 'pkg:pypi/gajim' }], status: 'affected' },
  ],
}

/** A build of a client that ships its own libwebp, as its vendor would describe it. */
export const buildSbom = (name: string, version: string, libwebp: string) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { component: { type: 'application', name, version } },
  components: [
    {
      type: 'framework',
      name: 'electron',
      version: '22.3.20',
      components: [{ type: 'library', name: 'libwebp', version: libwebp, purl: `pkg:generic/libwebp@${libwebp}` }],
    },
  ],
})
