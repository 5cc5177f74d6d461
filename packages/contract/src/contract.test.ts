import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { POLICY_CODES } from '@drawbridge/policy'
import {
  ADMIN_ROUTES,
  adminTarget,
  buildOpenapi,
  CODES,
  codeOf,
  isErrorCode,
  problem,
  problemFrom,
  Refusal,
} from './index.ts'
import type { AdminRoute } from './index.ts'

const routes = Object.entries<AdminRoute>(ADMIN_ROUTES)

test('every code has a text in each language, a stanza error and an HTTP status', () => {
  for (const [code, row] of Object.entries(CODES)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/u)
    expect(row.text.en.length, code).toBeGreaterThan(5)
    expect(row.text.de.length, code).toBeGreaterThan(5)
    expect(row.http, code).toBeGreaterThanOrEqual(400)
    expect(row.problem, code).toMatch(/^[a-z-]+$/u)
  }
  for (const code of POLICY_CODES) expect(isErrorCode(code)).toBe(true)
  expect(isErrorCode('constructor')).toBe(false)
})

test('no code and no route is in two areas, where the later would replace the earlier', async () => {
  expect((await rowsBelow('codes/', /^/u, /_CODES$/u)).toSorted()).toEqual(Object.keys(CODES).toSorted())
  expect((await rowsBelow('./', /^admin-(?!api)/u, /_ROUTES$/u)).toSorted()).toEqual(
    Object.keys(ADMIN_ROUTES).toSorted(),
  )
})

test('a blocked client gets 403 with the type that clients act on', () => {
  expect(problem('client-too-old', { details: { min: '4.2.1', status: 999 } })).toEqual({
    min: '4.2.1',
    type: '/problems/client-version-blocked',
    title: CODES['client-too-old'].text.en,
    status: 403,
    code: 'client-too-old',
  })
  expect(problem('suspended')).toMatchObject({ type: '/problems/suspended', status: 503 })
  expect(problem('image-rejected', { language: 'de' })).toMatchObject({ type: '/problems/image-rejected', status: 422 })
})

test('a fault that is no refusal leaves as internal and says nothing', () => {
  const body = problemFrom(new Error('password of alice is hunter2'), { instance: 'urn:uuid:1' })
  expect(body).toMatchObject({ code: 'internal', status: 500, instance: 'urn:uuid:1' })
  expect(JSON.stringify(body)).not.toContain('hunter2')
  expect(codeOf(new Refusal('forbidden', { cause: 'x' }))).toBe('forbidden')
})

test('no two routes share a method and a path, and each path parameter is declared', () => {
  const seen = routes.map(([, { method, path }]) => `${method} ${path}`)
  expect(new Set(seen).size).toBe(seen.length)
  for (const [id, { path, params }] of routes) {
    expect(
      [...path.matchAll(/\{(\w+)\}/gu)].map((match) => match[1]),
      id,
    ).toEqual(Object.keys(params.shape))
  }
})

/** Whoever may do one of these changes what is allowed here, and to whom. */
const POLICY_PERMISSIONS = ['policy.write', 'suspension.approve', 'held.review']
/** Are dry runs themselves. */
const CHANGES_NOTHING = ['simulateClientPosture', 'simulateClientRule', 'simulateUnitMinimumTier']

test('every route that changes the rules has a dry run', () => {
  const writes = routes.filter(([, { method, permission, response }]) => {
    const hasEffect = response instanceof z.ZodObject && 'effect' in response.shape
    return method !== 'GET' && (POLICY_PERMISSIONS.includes(permission) || hasEffect)
  })
  const without = writes.filter(([, { isPolicyWrite }]) => !isPolicyWrite).map(([id]) => id)
  expect(writes.length).toBeGreaterThan(30)
  expect(without.toSorted()).toEqual(CHANGES_NOTHING)
})

test('AD-10 an id that looks like a path stays one segment of the target', () => {
  expect(adminTarget('disableAccount', { name: '../../plugins' })).toBe('/api/v1/accounts/..%2F..%2Fplugins/disable')
  expect(() => adminTarget('disableAccount', { name: '..' })).toThrow()
  expect(() => adminTarget('disableAccount', { other: 'x' })).toThrow()
  expect(adminTarget('listAudit', {}, { limit: 5, cursor: undefined })).toBe('/api/v1/audit?limit=5')
})

test('AD-07 a request with a key that nobody declared is refused', () => {
  const { body } = ADMIN_ROUTES.createAccount
  expect(body.safeParse({ name: 'alice' }).success).toBe(true)
  expect(body.safeParse({ name: 'alice', role: 'owner' }).success).toBe(false)
  expect(body.safeParse({ name: 'alice', isBreakGlass: true }).success).toBe(false)
  expect(body.safeParse({ name: ['alice'] }).success).toBe(false)
  expect(body.safeParse({ name: 'alice@im.test' }).success).toBe(false)
})

test('the OpenAPI document names every route, and every reference in it leads somewhere', () => {
  const document = buildOpenapi('1.2.3') as {
    paths: Record<string, object>
    components: { schemas: Record<string, unknown> }
  }
  expect(Object.values(document.paths).flatMap((path) => Object.keys(path))).toHaveLength(routes.length)
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/gu)].map((match) => match[1] ?? '')
  expect(references.length).toBeGreaterThan(10)
  for (const reference of references) {
    expect(Object.keys(document.components.schemas)).toContain(reference.replace('#/components/schemas/', ''))
  }
  expect(text).not.toContain('$defs')
  expect(document.components.schemas['NewClientRule']).toMatchObject({ additionalProperties: false })
})

test('the OpenAPI document says who may use a route, how they sign in, and what they are refused with', () => {
  const document = buildOpenapi('1.2.3') as {
    paths: Record<string, Record<string, Record<string, unknown>>>
    components: { securitySchemes: object }
  }
  const schemes = Object.keys(document.components.securitySchemes)
  for (const [id, { method, path, permission }] of routes) {
    const operation = document.paths[path]?.[method.toLowerCase()]
    expect(operation, id).toMatchObject({ operationId: id, 'x-permission': permission })
    const security = operation?.['security'] as object[]
    expect(security.length > 0, id).toBe(permission !== 'public')
    for (const scheme of security.flatMap(Object.keys)) expect(schemes, id).toContain(scheme)
    expect(operation?.['responses'], id).toHaveProperty('429')
  }
  expect(document.paths['/api/v1/units/{name}']?.['put']).toMatchObject({
    'x-roles': ['administrator', 'operator'],
    parameters: expect.arrayContaining([expect.objectContaining({ name: 'If-Match', in: 'header' })]),
    responses: { 412: { description: expect.stringContaining('changed-meanwhile') } },
  })
  expect(document.paths['/api/v1/clients/uses']?.['get']).toMatchObject({
    responses: { 200: { content: { 'text/csv': {} }, headers: { Link: {} } } },
  })
  expect(document.paths['/api/v1/suspensions']?.['post']?.['parameters']).toEqual(
    expect.arrayContaining([expect.objectContaining({ name: 'dryRun', in: 'query' })]),
  )
})

/** Keys of the tables that modules of a folder export. */
async function rowsBelow(folder: string, file: RegExp, name: RegExp): Promise<string[]> {
  const directory = new URL(folder, import.meta.url)
  const files = readdirSync(directory).filter((entry) => file.test(entry))
  const modules: Record<string, object>[] = await Promise.all(
    files.map((entry) => import(new URL(entry, directory).href)),
  )
  const tables = modules.flatMap((module) => Object.entries(module).filter(([key]) => name.test(key)))
  return tables.flatMap(([, rows]) => Object.keys(rows))
}
