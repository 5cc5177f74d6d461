import type { Rule } from './engine.ts'
import { PASS, refuse } from './verdict.ts'

/** Nothing goes to or comes from another domain. */
export function federationOff(): Rule {
  return {
    name: 'federation',
    decide: {
      'stanza.route': ({ origin, target }) =>
        target === 'remote' || origin === 'remote' ? refuse('federation-off', 'federation is off') : PASS,
    },
  }
}
