import { join } from 'node:path'
import { heading, table } from './table.ts'

interface Claim {
  readonly xep: number
  readonly version: string
  readonly status?: 'partial'
  readonly missing?: string
}

/** What is implemented in full, and carries an extension's name nowhere. */
export const RFCS = [6120, 6121, 7395, 7590, 7622, 7628] as const

/** Extensions of the stream itself, which are no features: they act before and below stanzas (apps/server/src/stream). */
const STREAM: readonly (Claim & { readonly feature: string })[] = [
  { xep: 114, version: '1.6', feature: 'stream' },
  {
    xep: 124,
    version: '1.11.2',
    status: 'partial',
    missing: 'key sequences, several streams in one session, polling (ADR 8)',
    feature: 'stream',
  },
  { xep: 198, version: '1.6.3', feature: 'stream' },
  {
    xep: 205,
    version: '1.0.2',
    status: 'partial',
    missing: 'a limit on how many people somebody writes to in a time (§4.6)',
    feature: 'stream',
  },
  { xep: 206, version: '1.4', feature: 'stream' },
  { xep: 352, version: '1.0.0', feature: 'stream' },
  { xep: 368, version: '1.1.0', feature: 'stream' },
  { xep: 386, version: '1.1.0', feature: 'stream' },
  { xep: 388, version: '1.0.4', feature: 'stream' },
  { xep: 440, version: '1.0.0', feature: 'stream' },
  { xep: 478, version: '0.2.0', feature: 'stream' },
  { xep: 474, version: '0.5.0', feature: 'stream' },
  { xep: 480, version: '0.2.0', feature: 'stream' },
  { xep: 484, version: '0.2.0', feature: 'stream' },
  { xep: 493, version: '0.1.1', feature: 'stream' },
  { xep: 509, version: '0.2.0', feature: 'stream' },
  { xep: 515, version: '0.1.0', feature: 'stream' },
]

/** What the stream and the list of features claim, by number. */
export async function listClaims(root: string): Promise<readonly (Claim & { readonly feature: string })[]> {
  const module = (await import(join(root, 'apps/server/src/features/index.ts'))) as Record<string, unknown>
  const features = Object.values(module).find(isFeatureList) ?? []
  return [
    ...STREAM,
    ...features.flatMap(({ name, implements: claimed }) => claimed.map((claim) => ({ ...claim, feature: name }))),
  ].toSorted((a, b) => a.xep - b.xep)
}

/** docs/xeps.md and docs/doap.xml, from what the server's list of features claims. */
export async function renderXeps(root: string): Promise<Record<string, string>> {
  const claims = await listClaims(root)
  const rows = claims.map(({ xep, version, status = 'complete', missing, feature }) => [
    link(xep),
    version,
    missing === undefined ? status : `${status}: ${missing}`,
    `\`${feature}\``,
  ])
  const columns = ['Extension', 'Version', 'Status', 'Feature']
  const { REFUSED } = (await import(join(root, 'apps/server/src/features/refused.ts'))) as {
    REFUSED: readonly Refused[]
  }
  const refused = REFUSED.map(({ xeps, name, why, answer }) => [xeps.map(link).join(', '), name, why, answer])
  return {
    'docs/xeps.md': [
      `${heading('Extensions', '`apps/server/src/features/`')}${table(columns, rows)}`,
      '## Refused by design\n\nNone of these is advertised, and a client that tries gets an answer.\n',
      table(['Extension', 'What it is', 'Why not', 'What a client hears'], refused),
    ].join('\n'),
    'docs/doap.xml': doap(claims),
  }
}

function isFeatureList(value: unknown): value is { name: string; implements: readonly Claim[] }[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => Array.isArray((item as { implements?: unknown }).implements))
  )
}

interface Refused {
  readonly xeps: readonly number[]
  readonly name: string
  readonly why: string
  readonly answer: string
}

function link(xep: number): string {
  return `[XEP-${pad(xep)}](https://xmpp.org/extensions/xep-${pad(xep)}.html)`
}

function pad(xep: number): string {
  return String(xep).padStart(4, '0')
}

function doap(claims: readonly Claim[]): string {
  const rows = claims.map(
    ({ xep, version, status }) => `    <implements>
      <xmpp:SupportedXep>
        <xmpp:xep rdf:resource="https://xmpp.org/extensions/xep-${pad(xep)}.html"/>
        <xmpp:version>${version}</xmpp:version>
        <xmpp:status>${status ?? 'complete'}</xmpp:status>
      </xmpp:SupportedXep>
    </implements>`,
  )
  const rfcs = RFCS.map((rfc) => `    <implements rdf:resource="https://www.rfc-editor.org/rfc/rfc${rfc}"/>`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- Made by \`pnpm gen\` from apps/server/src/features/. -->
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://usefulinc.com/ns/doap#" xmlns:xmpp="https://linkmauve.fr/ns/xmpp-doap#">
  <Project>
    <name>Drawbridge</name>
    <shortdesc xml:lang="en">Self-hosted enterprise XMPP server with a web client</shortdesc>
    <programming-language>TypeScript</programming-language>
    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-server"/>
${[...rfcs, ...rows].join('\n')}
  </Project>
</rdf:RDF>
`
}
