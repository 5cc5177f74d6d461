import { Refusal } from '@drawbridge/contract'
import type { NewSuspension } from '@drawbridge/contract'
import { findScope } from '@drawbridge/policy'
import { localpartFrom } from '../routing/account-name.ts'
import type { AdminContext } from './api.ts'

/**
 * Refuses a suspension, or exemptions, of units and accounts that do not exist: a name that is mistyped would suspend
 * nobody, and say that it is in force. Rooms may be anywhere, and networks and clients need not be here now.
 *
 * @throws Refusal `no-such-unit`, `no-such-account`
 */
export function assertNamesExist(
  { scopes = [], exemptions = {} }: Partial<Pick<NewSuspension, 'scopes' | 'exemptions'>>,
  { units, accounts, domain }: Pick<AdminContext, 'units' | 'accounts' | 'domain'>,
): void {
  const groups = scopes.map(findScope).flatMap((scope) => (scope?.kind === 'group' ? [scope.value] : []))
  for (const name of [...groups, ...(exemptions.units ?? [])]) {
    if (!units.find(name)) throw new Refusal('no-such-unit', { detail: `There is no unit ${name}.` })
  }
  for (const name of exemptions.accounts ?? []) {
    if (accounts.find(localpartFrom(name, domain))) continue
    throw new Refusal('no-such-account', { detail: `There is no account ${name}.` })
  }
}
