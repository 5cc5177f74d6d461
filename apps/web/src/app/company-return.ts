/** The way back from the company's issuer, as far as every page has to know it. */
import type { Failure } from '../connection/failure.ts'

/** Registered at the issuer as the redirect address; the server lets only this page ask the issuer for a token. */
export const RETURN_PATH = '/signed-in'

/**
 * Why there is no sign-in with the company account: the issuer cannot be reached, the person did not want to, the issuer
 * did not want to, or the answer is not to a question of this tab.
 */
export type CompanyFault = 'away' | 'cancelled' | 'refused' | 'not-asked'

export type SignInProblem =
  | Failure
  | { readonly kind: 'address' }
  | { readonly kind: 'company'; readonly fault: CompanyFault }

/**
 * What the issuer sent somebody back with; nothing for anybody else. Taken out of the address at once, so that it is in no
 * history, bookmark or copied link.
 */
export function takeAnswer(): URLSearchParams | undefined {
  if (location.pathname !== RETURN_PATH) return undefined
  const behindHash = new URLSearchParams(location.hash.slice(1))
  const answer = behindHash.has('state') ? behindHash : new URLSearchParams(location.search)
  history.replaceState(null, '', '/')
  return answer.has('state') ? answer : undefined
}
