import { z } from 'zod'
import { ADMIN_ROUTES } from './admin-api.ts'
import { dryRunQuery } from './admin-route.ts'
import type { AdminRoute } from './admin-route.ts'
import { CODES } from './codes.ts'
import type { ErrorCode } from './codes.ts'
import { tableOf } from './csv.ts'
import { PROBLEM_MEDIA_TYPE } from './problem.ts'
import { ROLE_TABLE, ROLES } from './roles.ts'
import type { Permission, Role } from './roles.ts'

type Json = Record<string, unknown>

const PROBLEM_SCHEMA: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', description: 'Clients act on this, for example /problems/suspended.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(CODES) },
    detail: { type: 'string' },
    instance: { type: 'string' },
  },
}

/** The admin API as an OpenAPI 3.1 document, made from the schemas that the server checks requests with. */
export function buildOpenapi(version: string): Json {
  const paths: Record<string, Json> = {}
  const components: Record<string, unknown> = { Problem: PROBLEM_SCHEMA }
  for (const [operationId, route] of Object.entries<AdminRoute>(ADMIN_ROUTES)) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operation(operationId, route, components)
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Drawbridge admin API', version, license: { name: 'AGPL-3.0-or-later' } },
    paths,
    components: { schemas: components, securitySchemes: SECURITY_SCHEMES },
  }
}

const SECURITY_SCHEMES: Json = {
  session: { type: 'http', scheme: 'bearer', description: 'Token of POST /api/v1/session, for programs of a person.' },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-drawbridge-admin',
    description:
      'Set by POST /api/v1/session with `"session": "cookie"`; over plain http on this machine without `__Host-`. Only for requests that a page of the same origin makes, by `Sec-Fetch-Site` or `Origin`.',
  },
  token: { type: 'http', scheme: 'bearer', description: 'API token of POST /api/v1/tokens, with its scopes.' },
}

function operation(operationId: string, route: AdminRoute, components: Record<string, unknown>): Json {
  const { permission, about, isGuarded, isPolicyWrite, isOnRecord } = route
  const isRead = Object.values<AdminRoute>(ADMIN_ROUTES).some(({ edits }) => edits === operationId)
  const isTable = route.method === 'GET' && !route.isStream && tableOf(route.response) !== undefined
  const headers = {
    ...(isRead && { ETag: { schema: { type: 'string' } } }),
    ...(isTable && { Link: { schema: { type: 'string' }, description: 'With `rel="next"`: the next page.' } }),
  }
  return {
    operationId,
    summary: route.summary,
    'x-permission': permission,
    'x-roles': rolesFor(permission),
    ...(about === undefined ? {} : { 'x-about': about }),
    ...(isGuarded && { 'x-guarded': true }),
    ...(isPolicyWrite && { 'x-policy-write': true }),
    ...(isOnRecord && { 'x-on-record': true }),
    security: securityOf(route),
    parameters: [
      ...parameters(route.params, 'path', components),
      ...parameters(queryOf(route), 'query', components),
      ...headersOf(route),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(route.body, 'input', components) } },
          },
        }),
    responses: {
      [route.status]: {
        description: 'Done.',
        ...(Object.keys(headers).length > 0 && { headers }),
        ...(route.status === 204
          ? {}
          : {
              content: contentOf(route, isTable, components),
            }),
      },
      ...problemsOf(route),
      default: { description: 'Refused for another reason, as its code says.', content: PROBLEM_CONTENT },
    },
  }
}

function contentOf({ response, isStream }: AdminRoute, isTable: boolean, components: Record<string, unknown>): Json {
  const schema = schemaOf(response, 'output', components)
  // The data of each event is JSON (WHATWG HTML §9.2).
  const event = { type: 'string', contentMediaType: 'application/json', contentSchema: schema }
  if (isStream) return { 'text/event-stream': { schema: event } }
  return { 'application/json': { schema }, ...(isTable && { 'text/csv': { schema: { type: 'string' } } }) }
}

const PROBLEM_CONTENT: Json = { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } }

/** What every route of its kind may refuse with; `default` is for what only one route does. */
function problemsOf(route: AdminRoute): Json {
  const { permission, params, body, method, edits, isGuarded, isStream } = route
  const isPublic = permission === 'public'
  const codes: readonly (ErrorCode | false)[] = [
    'bad-request',
    'rate-limited',
    isStream === true && 'too-many-streams',
    !isPublic && 'not-authorized',
    !isPublic && 'forbidden',
    !isPublic && 'foreign-origin',
    !isPublic && permission !== 'own-session' && 'second-factor-missing',
    isGuarded === true && 'fresh-sign-in-needed',
    Object.keys(params.shape).length > 0 && 'item-not-found',
    body !== undefined && 'payload-too-large',
    body !== undefined && 'unsupported-media-type',
    edits !== undefined && 'changed-meanwhile',
    !isPublic && method === 'POST' && 'idempotency-key-reused',
    !isPublic && method === 'POST' && 'idempotency-key-busy',
  ]
  const byStatus = Map.groupBy(
    codes.filter((code) => code !== false),
    (code) => CODES[code].http,
  )
  return Object.fromEntries(
    Array.from(byStatus, ([status, list]) => [
      status,
      { description: list.map((code) => `\`${code}\`: ${CODES[code].text.en}`).join(' '), content: PROBLEM_CONTENT },
    ]),
  )
}

function rolesFor(permission: Permission): readonly Role[] {
  return ROLES.filter((role) => ROLE_TABLE[role].permissions.some((given) => given === permission))
}

function securityOf({ permission, isGuarded }: AdminRoute): Json[] {
  if (permission === 'public') return []
  const isOwn = permission === 'own-session' || permission === 'own-token'
  return [{ session: [] }, { cookie: [] }, ...(isOwn || isGuarded ? [] : [{ token: [] }])]
}

function headersOf({ method, permission, edits }: AdminRoute): Json[] {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  })
  return [
    ...(method === 'POST' && permission !== 'public'
      ? [
          header(
            'Idempotency-Key',
            'Sent again with the same key within a day, the request is answered and not repeated.',
          ),
        ]
      : []),
    ...(edits === undefined
      ? []
      : [header('If-Match', `The ETag of ${edits}: refused if somebody has changed it meanwhile.`)]),
  ]
}

function queryOf({ query, isPolicyWrite }: AdminRoute): z.ZodObject {
  return isPolicyWrite ? query.extend(dryRunQuery.shape) : query
}

function parameters(object: z.ZodObject, place: 'path' | 'query', components: Record<string, unknown>): Json[] {
  return Object.entries(object.shape).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: schemaOf(schema as z.ZodType, 'input', components),
  }))
}

/** JSON Schema of one zod schema, with everything that has an id moved to the components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): Json {
  const {
    $schema: _,
    $defs,
    ...json
  } = z.toJSONSchema(schema, { io, reused: 'inline', unrepresentable: 'any' }) as Json
  const definitions = ($defs ?? {}) as Record<string, unknown>
  for (const [name, definition] of Object.entries(definitions)) components[name] = relink(definition)
  const { id, ...body } = relink(json) as Json
  if (typeof id !== 'string') return body
  components[id] = body
  return { $ref: `#/components/schemas/${id}` }
}

/** Rewrites local references to where an OpenAPI document keeps its schemas. */
function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      key === '$ref' && typeof child === 'string' ? child.replace('#/$defs/', '#/components/schemas/') : relink(child),
    ]),
  )
}
