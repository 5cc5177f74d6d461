import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ADMIN_ROUTES,
  type AdminRoute,
  buildOpenapi,
  CODES,
  type Code,
  GRANTED_PERMISSIONS,
  ROLE_TABLE,
  ROLES,
} from '../../../packages/contract/src/index.ts'
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

/** docs/operate/roles.md, from the table of roles and the routes that ask for a permission. */
export function renderRoles(): Record<string, string> {
  const routes = Object.values<AdminRoute>(ADMIN_ROUTES)
  const roles = ROLES.map((role) => [`\`${role}\``, ROLE_TABLE[role].summary.en, ROLE_TABLE[role].summary.de])
  const named = ROLES.filter((role) => role !== 'administrator')
  const permissions = GRANTED_PERMISSIONS.map((permission) => [
    `\`${permission}\``,
    ...named.map((role) => {
      const { permissions: given, isBounded } = ROLE_TABLE[role]
      if (!given.includes(permission)) return ''
      return isBounded ? 'own units' : 'yes'
    }),
    routes
      .filter((route) => route.permission === permission)
      .map(({ method, path }) => `\`${method} ${path.replace('/api/v1', '')}\``)
      .join(' '),
  ])
  const text = [
    heading('Roles', '`packages/contract/src/roles.ts` and the routes of the admin API'),
    table(['Role', 'English', 'German'], roles),
    '\nThe administrator has every permission. `own units`: for routes about accounts and units, within the units given.\n\n',
    table(['Permission', ...named, 'Routes, below `/api/v1`'], permissions),
  ]
  return { 'docs/operate/roles.md': text.join('') }
}
