import { permissionsOf } from '@drawbridge/contract'
import type { GrantedPermission } from '@drawbridge/contract'
import { findFormValue, findJid, StanzaFault } from '@drawbridge/xmpp'
import type { Form, FormField } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { AdHocCommand, CommandOutcome, Context } from '../../routing/feature.ts'

const NS_ADMIN = 'http://jabber.org/protocol/admin'

/**
 * What all of them have in common: their node, and that they are for those only who may do as much by the admin API, and
 * everywhere: whoever administers some units has the console.
 */
export function command(
  name: string,
  title: string,
  permission: GrantedPermission,
): Pick<AdHocCommand, 'node' | 'name' | 'at' | 'isAdministrative' | 'isAllowed'> {
  return {
    node: `${NS_ADMIN}#${name}`,
    name: title,
    at: ['server', 'own'],
    isAdministrative: true,
    isAllowed: ({ localpart }, ctx) => {
      // With the rights it has now, not those it had when its session began.
      const account = ctx.accounts.find(localpart)
      if (!account || account.isDisabled) return false
      return account.isAdmin || permissionsOf(account.roles).has(permission)
    },
  }
}

export function accountField(values?: readonly string[]): FormField {
  return { name: 'accountjid', type: 'jid-single', label: 'Address of the account', isRequired: true, values }
}

export function accountsField(values?: readonly string[]): FormField {
  return { name: 'accountjids', type: 'jid-multi', label: 'Addresses of the accounts', isRequired: true, values }
}

/** A form that always asks the same. */
export function fields(...list: readonly FormField[]): NonNullable<AdHocCommand['form']> {
  return () => formOf(...list)
}

export function formOf(...list: readonly FormField[]) {
  return { formType: NS_ADMIN, fields: list }
}

export const result = (...list: readonly FormField[]): CommandOutcome => ({ result: formOf(...list) })
export const info = (text: string): CommandOutcome => ({ note: { type: 'info', text } })
export const unacceptable = (text: string) => new StanzaFault({ condition: 'not-acceptable', text })

/** The one value of a field; undefined where it is empty. */
export function value(form: Form | undefined, name: string): string | undefined {
  return (form && findFormValue(form, name)) || undefined
}

/** The lines of a field of type `text-multi`, as one text. */
export function textOf(form: Form | undefined, name: string): string {
  return (form?.values.get(name) ?? []).join('\n').trim()
}

/** The addresses that were filled in. @throws StanzaFault where there is none */
export function addressesFrom(form: Form | undefined): readonly string[] {
  const addresses = form?.values.get('accountjids') ?? []
  if (addresses.length === 0) throw unacceptable('An address is needed.')
  return addresses
}

/** The localpart of an address here. */
export function nameFrom(address: string, { domain }: Context): string {
  const jid = findJid(address)
  if (jid?.localpart === undefined || jid.isFull || jid.domainpart !== domain) {
    throw unacceptable(`${address} is not the address of an account here.`)
  }
  return jid.localpart
}

export function accountFrom(address: string, ctx: Context): Account {
  const account = ctx.accounts.find(nameFrom(address, ctx))
  if (!account) throw new StanzaFault({ condition: 'item-not-found', text: `There is no account ${address}.` })
  return account
}
