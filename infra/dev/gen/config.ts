import { globSync } from 'node:fs'
import { join } from 'node:path'
import { type Field, fileKey, listFields, written } from '../../../packages/runtime/src/index.ts'
import { heading, table } from './table.ts'

const TITLES: Readonly<Record<string, string>> = {
  'packages/runtime/src/common.config.ts': 'Every part',
}

/** docs/operate/config.md and .env.example, from every `*.config.ts` of the tree. */
export async function renderConfigDocs(root: string): Promise<Record<string, string>> {
  const sections: { title: string; fields: Field[] }[] = []
  const seen = new Set<string>()
  const paths = globSync('{packages,apps}/*/src/**/*.config.ts', { cwd: root }).toSorted(commonFirst)
  for (const path of paths) {
    const module = (await import(join(root, path))) as Record<string, unknown>
    for (const [name, schema] of Object.entries(module)) {
      if (!isSchema(schema) || !isObject(schema)) continue
      // An app composes its settings of sections that are documented on their own.
      const fields = listFields(schema).filter(({ meta }) => !seen.has(meta.env))
      for (const { meta } of fields) seen.add(meta.env)
      if (fields.length > 0) sections.push({ title: TITLES[path] ?? titleFrom(name, path), fields })
    }
  }
  return { 'docs/operate/config.md': markdown(sections), '.env.example': example(sections) }
}

type Schema = Parameters<typeof listFields>[0]

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && '_zod' in value
}

function isObject(schema: Schema): boolean {
  return schema._zod.def.type === 'object'
}

function commonFirst(a: string, b: string): number {
  return Number(b.startsWith('packages/runtime')) - Number(a.startsWith('packages/runtime')) || a.localeCompare(b)
}

function titleFrom(name: string, path: string): string {
  const words = name
    .replace(/Config$/, '')
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase()
  const app = path.split('/')[1] ?? ''
  return words === app ? capital(app) : `${capital(app)}: ${words}`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function markdown(sections: readonly { title: string; fields: readonly Field[] }[]): string {
  const intro = [
    'Settings come from the environment, then from the JSON file that `DRAWBRIDGE_CONFIG` names, then from the default.',
    'A key of the file is the name without `DRAWBRIDGE_`, in lower case: `{ "http_port": 8080 }`. A secret comes from the',
    'environment, or from the file that the name with `_FILE` appended names; never from the configuration file.',
    'Lengths of time are written `500ms`, `30s`, `15m`, `2h`; sizes `512KiB`, `10MB`. An empty variable counts as absent.',
    'All faults are reported together, and then nothing starts.',
  ].join('\n')
  const tables = sections.map(({ title, fields }) => {
    const rows = fields.map(({ meta, schema }) => [
      `\`${meta.env}\`${meta.secret ? ' (secret)' : ''}`,
      `\`${fileKey(meta.env)}\``,
      defaultOf(schema) === undefined ? '' : `\`${written(schema, defaultOf(schema))}\``,
      meta.doc,
    ])
    return `\n\n## ${title}\n\n${table(['Variable', 'Key in the file', 'Default', 'What it does'], rows)}`.trimEnd()
  })
  return `${heading('Settings', 'the `*.config.ts` files')}${intro}${tables.join('')}\n`
}

function example(sections: readonly { title: string; fields: readonly Field[] }[]): string {
  const lines = ['# Every setting with its default. Made by `pnpm gen`; explained in docs/operate/config.md.']
  for (const { title, fields } of sections) {
    lines.push('', `# ${title}`)
    for (const { meta, schema } of fields)
      lines.push(
        `# ${meta.doc}`,
        `#${meta.env}=${defaultOf(schema) === undefined ? '' : written(schema, defaultOf(schema))}`,
      )
  }
  return `${lines.join('\n')}\n`
}

function defaultOf(schema: Schema): unknown {
  const def = schema._zod.def as { type: string; defaultValue?: unknown; innerType?: Schema }
  if (def.type === 'default') return def.defaultValue
  return def.innerType === undefined ? undefined : defaultOf(def.innerType)
}
