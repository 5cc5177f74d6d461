import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODES, type Code, buildOpenapi } from '../../../packages/contract/src/index.ts'
import { heading, table } from './table.ts'

/** docs/errors.md, from the error table of the contract. */
export function renderErrors(): Record<string, string> {
  const rows = Object.entries<Code>(CODES).map(([code, { type, condition, http, problem, text }]) => [
    `\`${code}\``,
    `\`${condition}\` (${type})`,
    `${http}, \`/problems/${problem}\``,
    text.en,
    text.de,
  ])
  const intro =
    'Every failure a user can meet. Over XMPP it is a stanza error (RFC 6120 §8.3), over HTTP a problem document (RFC 9457).\n\n'
  const columns = ['Code', 'XMPP condition (type)', 'HTTP status, problem type', 'English', 'German']
  return { 'docs/errors.md': `${heading('Errors', '`packages/contract/src/codes.ts`')}${intro}${table(columns, rows)}` }
}

/** docs/openapi.json, from the routes of the admin API. */
export function renderOpenapi(root: string): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { 'docs/openapi.json': `${JSON.stringify(buildOpenapi(version), null, 2)}\n` }
}
