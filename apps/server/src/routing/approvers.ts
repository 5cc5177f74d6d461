import { NS_CLIENT, stanzaFrom, xml } from '@drawbridge/xmpp'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'

/**
 * Bare JIDs of those who agree to what takes two people (control §4.6): security officers, by that role. Whoever may do
 * everything is one of them only where that was said, so that the rule is in force when somebody has decided so.
 */
export function approversAmong(accounts: Iterable<Account>): string[] {
  return Array.from(accounts, (account) =>
    !account.isDisabled && account.roles.includes('security-officer') ? [account.bareJid] : [],
  ).flat()
}

/** Bare JIDs of those who hear of each use of a break-glass account: who can approve, and who has one themselves. */
export function watchersAmong(accounts: Iterable<Account>): string[] {
  const all = [...accounts]
  const others = all.flatMap(({ isBreakGlass, isDisabled, bareJid }) => (isBreakGlass && !isDisabled ? [bareJid] : []))
  return [...new Set([...approversAmong(all), ...others])]
}

/** Sends these people a message from the server, which waits for whoever is away. */
export function tellPeople(text: string, to: readonly string[], ctx: Context): void {
  for (const name of to) {
    const account = name.includes('@') ? ctx.accounts.findByBareJid(name) : ctx.accounts.find(name)
    if (!account || account.isDisabled) continue
    const attrs = { xmlns: NS_CLIENT, type: 'normal', from: ctx.domain, to: account.bareJid }
    const element = xml('message', attrs, xml('subject', {}, 'Suspension'), xml('body', {}, text))
    void ctx.route(stanzaFrom(element, { from: ctx.domainJid }))
  }
}
