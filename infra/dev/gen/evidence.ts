import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { heading, table } from './table.ts'
import { titlesIn } from './titles.ts'

/** What XEP-0479 asks of a server, by category and level, as the terms that a test of it carries. */
export const COMPLIANCE: Readonly<Record<string, Readonly<Record<'core' | 'advanced', readonly string[]>>>> = {
  Core: { core: ['RFC 6120', 'RFC 7590', 'XEP-0030', 'XEP-0114'], advanced: ['XEP-0368', 'XEP-0115', 'XEP-0163'] },
  Web: { core: ['RFC 7395', 'XEP-0206', 'XEP-0124'], advanced: [] },
  IM: {
    core: ['RFC 6121', 'XEP-0054', 'XEP-0280', 'XEP-0045', 'XEP-0249', 'XEP-0363'],
    advanced: [
      'XEP-0398',
      'XEP-0153',
      'XEP-0191',
      'XEP-0198',
      'XEP-0313',
      'XEP-0223',
      'XEP-0049',
      'XEP-0048',
      'XEP-0402',
      'XEP-0410',
    ],
  },
  Mobile: { core: ['XEP-0198', 'XEP-0352'], advanced: ['XEP-0357'] },
  'A/V calling': { core: ['XEP-0215'], advanced: [] },
}

/** The catalogue of attacks that have a test of their own, by group. */
export const THREATS: readonly { readonly group: string; readonly prefix: string; readonly count: number }[] = [
  { group: 'XML stream and parser', prefix: 'XS', count: 32 },
  { group: 'Limits and denial of service', prefix: 'DS', count: 22 },
  { group: 'SASL, authentication, session', prefix: 'AU', count: 26 },
  { group: 'TLS', prefix: 'TL', count: 10 },
  { group: 'Authorization and spoofing', prefix: 'SP', count: 18 },
  { group: 'Rooms', prefix: 'MU', count: 12 },
  { group: 'PEP and PubSub', prefix: 'PE', count: 6 },
]

/**
 * Attacks on something that is not here: their tests show that it is never offered, and that whoever asks for it all the
 * same is refused.
 */
export const NEVER_OFFERED: Readonly<Record<string, string>> = {
  'AU-04': 'there is no sign-in by certificates of clients',
  'AU-24': 'there is no second factor to get around',
  'AU-25': 'there is no sign-in by certificates of clients',
}

/** Attacks that no test of this repository can show, with the reason. */
export const UNTESTED: Readonly<Record<string, string>> = {
  'TL-10': 'needs a probe outside and the public certificate logs: a matter of the operator’s monitoring',
}

export function listThreats(): string[] {
  return THREATS.flatMap(({ prefix, count }) =>
    Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`),
  )
}

/**
 * Test files by what the titles of their tests say they prove: `XEP-0280`, `RFC 6121` (each with a section), or the id of a threat. A range
 * such as `SP-02 to SP-04` stands for its ends only.
 */
export function findEvidence(root: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const files = globSync('{packages,apps,e2e,infra}/**/*.test.{ts,tsx}', { cwd: root }).filter(
    (file) => !file.includes('node_modules') && !file.startsWith('infra/dev/evidence'),
  )
  for (const file of files.toSorted()) {
    const text = titlesIn(file, readFileSync(join(root, file), 'utf8')).join('\n')
    const terms = [
      ...[...text.matchAll(/\b(XEP-\d{4}|RFC \d{4}),? §/g)].map(([, term]) => term),
      ...[...text.matchAll(/\b(?:XS|DS|AU|TL|SP|MU|PE)-\d\d\b/g)].map(([term]) => term),
    ]
    for (const term of new Set(terms)) {
      if (term === undefined) continue
      found.set(term, [...(found.get(term) ?? []), file])
    }
  }
  return found
}

/** docs/compliance.md: what is claimed, and the test that shows it. */
export function renderEvidence(root: string): Record<string, string> {
  const evidence = findEvidence(root)
  const files = (term: string) => (evidence.get(term) ?? []).map((file) => `\`${file}\``)
  const shown = (term: string) => {
    const all = files(term)
    return all.length <= 3 ? all.join(', ') : `${all.slice(0, 3).join(', ')} and ${all.length - 3} more`
  }
  const shownFor = (id: string) => {
    if (UNTESTED[id] !== undefined) return `none: ${UNTESTED[id]}`
    return NEVER_OFFERED[id] === undefined ? shown(id) : `never offered (${NEVER_OFFERED[id]}): ${shown(id)}`
  }
  const suite = Object.entries(COMPLIANCE).flatMap(([category, levels]) =>
    (['core', 'advanced'] as const).flatMap((level) =>
      levels[level].map((term) => [category, level, linkTo(term), shown(term)]),
    ),
  )
  const threats = THREATS.map(({ group, prefix, count }) => {
    const rows = listThreats()
      .filter((id) => id.startsWith(`${prefix}-`))
      .map((id) => [id, shownFor(id)])
    return `### ${group} (${count})\n\n${table(['Id', 'Tests'], rows)}`
  })
  return {
    'docs/compliance.md': [
      heading('Compliance', 'the tests that name an extension and its section, or a threat').trimEnd(),
      'The levels are those of [XEP-0479](https://xmpp.org/extensions/xep-0479.html), Compliance Suites 2023, for a server.',
      'Drawbridge claims *Advanced* for Core, Web (where BOSH is turned on), IM and Mobile, and the server part of A/V.\n',
      `## The suite\n\n${table(['Category', 'Level', 'Required', 'Tests'], suite)}`,
      `## Attacks\n\nEach id is one attack of a catalogue that the tests carry in their titles.\n\n${threats.join('\n')}`,
    ].join('\n'),
  }
}

function linkTo(term: string): string {
  const [, kind, number] = /^(XEP|RFC)[- ](\d+)$/.exec(term) ?? []
  return kind === 'XEP'
    ? `[${term}](https://xmpp.org/extensions/xep-${number}.html)`
    : `[${term}](https://www.rfc-editor.org/rfc/rfc${number})`
}
