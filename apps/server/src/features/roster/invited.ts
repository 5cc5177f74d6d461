import { useInvitation } from '@drawbridge/db'
import { NS_CLIENT, NS_PARS, xml } from '@drawbridge/xmpp'
import type { PresenceStanza } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, DomainEvents } from '../../routing/feature.ts'
import { exchange, tell } from './subscribe.ts'
import type { SubscriptionType } from './subscription.ts'

type Step = readonly [from: Account, to: Account, type: SubscriptionType]

/** XEP-0401 §4.3.2: after the registration the two see each other. */
export async function befriend({ inviter, invited }: DomainEvents['invitation.accepted'], ctx: Context): Promise<void> {
  await walk(
    [
      [inviter, invited, 'subscribed'],
      [invited, inviter, 'subscribed'],
      [invited, inviter, 'subscribe'],
      [inviter, invited, 'subscribe'],
    ],
    ctx,
  )
}

/**
 * XEP-0379 §3.5: a request with a token that its addressee has given away is approved and returned in the addressee's
 * name. Any other token is as good as none (§4.1); returns false then.
 */
export async function acceptPreauth(stanza: PresenceStanza, user: Account, ctx: Context): Promise<boolean> {
  const token = stanza.element.getChild('preauth', NS_PARS)?.attrs['token']
  if (token === undefined) return false
  const invitation = await ctx.invitations.find(token)
  const inviter = invitation && ctx.invitations.inviterOf(invitation)
  if (!inviter || inviter.bareJid !== stanza.to?.bareString) return false
  if ((await useInvitation(ctx.db, invitation.id)) === 'used-up') return false
  await walk(
    [
      [inviter, user, 'subscribed'],
      [user, inviter, 'subscribe'],
      [inviter, user, 'subscribe'],
    ],
    ctx,
  )
  return true
}

/**
 * Each step as if its sender's client had made it, and all of them or none. What is approved beforehand is no question to
 * anybody (RFC 6121 §3.4).
 */
async function walk(steps: readonly Step[], ctx: Context): Promise<void> {
  const owners = [...new Set(steps.flatMap(([from, to]) => [from, to]))]
  const outcomes = await ctx.rosters.change(owners, async (change) => {
    const done = []
    for (const [from, to, type] of steps) {
      const element = xml('presence', { xmlns: NS_CLIENT, type, from: from.bareJid, to: to.bareJid })
      done.push(await exchange(change, ctx, from, to.bareJid, type, element))
    }
    return done
  })
  for (const outcome of outcomes) tell(outcome, ctx)
}
