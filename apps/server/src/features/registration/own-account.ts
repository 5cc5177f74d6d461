import { Refusal } from '@drawbridge/contract'
import { appendAudit } from '@drawbridge/db'
import { NS_REGISTER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { withPasswordFaults } from '../../stream/password-refusal.ts'

/** XEP-0077 §3.1: whoever is signed in is registered. */
export function getRegistration(_query: Element, { session }: IqRequest): Element {
  return xml(
    'query',
    { xmlns: NS_REGISTER },
    xml('registered'),
    xml('username', {}, session.account.localpart),
    xml('password'),
  )
}

/** XEP-0077 §3.2 and §3.3: ends the account, or gives it another password. */
export async function setRegistration(query: Element, request: IqRequest, ctx: Context): Promise<undefined> {
  // XEP-0493 §3: a client that was given access must not "take over an account": a password would outlast its access.
  if (request.session.endsAt) throw new Refusal('sign-in-too-weak')
  const children = query.getChildElements()
  if (!children.some(({ name }) => name === 'remove')) return changePassword(query, request, ctx)
  // §3.2: "remove" alone.
  if (children.length > 1) throw new StanzaFault({ condition: 'bad-request' })
  if (!ctx.registration.mayRemoveAccount) {
    throw new StanzaFault({ condition: 'not-allowed', text: 'Only an administrator can delete accounts here.' })
  }
  const { account } = request.session
  // The answer goes out first: with the account, its sessions end.
  setImmediate(() => {
    ctx
      .removeAccount(account)
      .catch((error: unknown) => ctx.log.error('an account was not removed', { error: String(error) }))
  })
  return undefined
}

async function changePassword(query: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  const { account } = session
  const password = query.getChildText('password') ?? ''
  if (query.getChildText('username') === undefined || password === '') {
    throw new StanzaFault({ condition: 'bad-request', text: 'A name and a password are needed.' })
  }
  if (query.getChildText('username') !== account.localpart) {
    throw new StanzaFault({ condition: 'not-allowed', text: 'This is not your account.' })
  }
  const { bareJid } = account
  await withPasswordFaults(
    ctx.passwords.change(account, password, {
      keep: session,
      record: (tx) => appendAudit(tx, { actor: bareJid, action: 'set-password', target: bareJid }, ctx.now()),
    }),
  )
  return undefined
}
