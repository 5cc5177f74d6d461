import { Refusal } from '@drawbridge/contract'
import type { NewClientException, NewClientRule } from '@drawbridge/contract'
import { ruleFault } from '@drawbridge/policy'
import { findJid } from '@drawbridge/xmpp'
import { conditionsFrom, documentFrom } from '../policy/stored-rules.ts'
import type { AdminContext } from './api.ts'

/**
 * A rule or an exception with the accounts and units that it names as they are called here: a name that nobody has would
 * be saved, look as if it were in force, and be about nobody.
 *
 * @throws Refusal `no-such-account`, `no-such-unit`, `rule-without-effect`
 */
export function checkedConditions<T extends NewClientRule | NewClientException>(context: AdminContext, wanted: T): T {
  const { accounts, units, domain, now } = context
  const accountOf = (name: string) => {
    // Prepared like any address (RFC 7622 §3.3): Bob is bob, and so is bob@ with our own domain.
    const jid = findJid(name.includes('@') ? name : `${name}@${domain}`)
    const known = jid && accounts.findByBareJid(jid.bareString)
    if (!known) throw new Refusal('no-such-account', { detail: name })
    return known.localpart
  }
  const unitOf = (name: string) => {
    if (!units.find(name)) throw new Refusal('no-such-unit', { detail: name })
    return name
  }
  const { rings } = wanted as { readonly rings?: NewClientRule['rings'] }
  for (const ring of rings ?? []) ring.units?.forEach(unitOf)
  const checked = {
    ...wanted,
    ...(wanted.accounts && { accounts: wanted.accounts.map(accountOf) }),
    ...(wanted.units && { units: wanted.units.map(unitOf) }),
  }
  const document = 'action' in checked ? documentFrom(checked) : conditionsFrom(checked)
  const fault = ruleFault(document, now().getTime())
  if (fault !== undefined) throw new Refusal('rule-without-effect', { detail: fault })
  return checked
}
