import type { Texts } from '../texts/index.ts'
import { NARROW_SCOPES, WHOLE_SCOPES } from './suspension-draft.ts'

/** A scope as people say it: `images` is "Images", `group:sales` is "Unit sales". */
export function scopeText(scope: string, t: Pick<Texts, 'scopes' | 'narrowKinds'>): string {
  const whole = WHOLE_SCOPES.find((known) => known === scope)
  if (whole) return t.scopes[whole]
  const kind = NARROW_SCOPES.find((known) => scope.startsWith(`${known}:`))
  return kind ? `${t.narrowKinds[kind]} ${scope.slice(kind.length + 1)}` : scope
}

export function scopesText(scopes: readonly string[], t: Pick<Texts, 'scopes' | 'narrowKinds'>): string {
  return scopes.map((scope) => scopeText(scope, t)).join(', ')
}
