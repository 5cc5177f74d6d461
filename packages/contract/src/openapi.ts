import { z } from 'zod'
import { ADMIN_ROUTES } from './admin-api.ts'
import { dryRunQuery } from './admin-route.ts'
import type { AdminRoute } from './admin-route.ts'
import { PROBLEM_MEDIA_TYPE } from './problem.ts'

type Json = Record<string, unknown>

const PROBLEM_SCHEMA: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', description: 'Clients act on this, for example /problems/suspended.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
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
    components: {
      schemas: components,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Token of POST /api/v1/session.' } },
    },
  }
}

function operation(operationId: string, route: AdminRoute, components: Record<string, unknown>): Json {
  return {
    operationId,
    summary: route.summary,
    'x-permission': route.permission,
    security: route.permission === 'public' ? [] : [{ bearer: [] }],
    parameters: [...parameters(route.params, 'path', components), ...parameters(queryOf(route), 'query', components)],
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
        ...(route.status === 204
          ? {}
          : { content: { 'application/json': { schema: schemaOf(route.response, 'output', components) } } }),
      },
      default: {
        description: 'Refused, as RFC 9457 problem details.',
        content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
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
