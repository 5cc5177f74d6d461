import { ADMIN_ROUTES, Refusal } from '@drawbridge/contract'
import type { AdminRoute, AdminRouteId } from '@drawbridge/contract'

export interface CompiledRoute {
  readonly id: AdminRouteId
  readonly route: AdminRoute
  readonly segments: readonly string[]
}

/** A route that was asked for, with the parameters of its path, decoded. */
export interface RouteMatch extends CompiledRoute {
  readonly params: Readonly<Record<string, string>>
}

/** The table of routes, ready to be matched. */
export function compileRoutes(): CompiledRoute[] {
  return Object.entries<AdminRoute>(ADMIN_ROUTES).map(([id, route]) => ({
    id: id as AdminRouteId,
    route,
    segments: route.path.split('/'),
  }))
}

/**
 * The route of a path, byte for byte. Literal segments win over parameters: `import` is not an account.
 *
 * @param allow - told of the methods that the path has, when the one asked for is none of them
 */
export function findRoute(
  routes: readonly CompiledRoute[],
  path: string,
  method: string,
  allow: (methods: string) => void,
): RouteMatch {
  const given = path.split('/')
  const matches = routes.flatMap((compiled) => {
    const params = matchSegments(compiled.segments, given)
    return params ? [{ ...compiled, params }] : []
  })
  const fewest = Math.min(...matches.map(({ params }) => Object.keys(params).length))
  const best = matches.filter(({ params }) => Object.keys(params).length === fewest)
  if (best.length === 0) throw new Refusal('item-not-found')
  const found = best.find(({ route }) => route.method === method)
  if (found) return found
  allow(best.map(({ route }) => route.method).join(', '))
  throw new Refusal('not-allowed')
}

function matchSegments(template: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (template.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of template.entries()) {
    const value = given[index] ?? ''
    const name = /^\{(\w+)\}$/u.exec(segment)?.[1]
    if (name === undefined) {
      if (segment !== value) return undefined
      continue
    }
    const decoded = decode(value)
    if (decoded === undefined) return undefined
    params[name] = decoded
  }
  return params
}

/** One path segment, decoded once. What decodes to a separator, a dot segment or U+0000 names nothing. */
function decode(segment: string): string | undefined {
  try {
    const decoded = decodeURIComponent(segment)
    return decoded === '' || decoded === '.' || decoded === '..' || /[/\\\0]/u.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}
