import { Refusal } from '@drawbridge/contract'
import type { Invitation } from '@drawbridge/db'
import { NS_IBR_TOKEN, NS_PARS, NS_REGISTER, NS_REGISTER_FEATURE, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, Registration } from '../../routing/feature.ts'
import type { Stranger } from '../../stream/stream-server.ts'
import { createInvited } from './create.ts'

/** Requests one stream may make before it signs in. */
const MAX_REQUESTS = 10

/** What is known about somebody who registers. */
interface Candidate {
  requests: number
  /** Was good when the token was shown; that it expires meanwhile does not matter (XEP-0445 §4). */
  invitation: Invitation | undefined
}

/**
 * XEP-0445 and XEP-0077 §3.1, before signing in: first the token, then name and password. Without a good token nothing is
 * said about anything.
 */
export const inBand: Registration = {
  streamFeatures: (ctx) =>
    ctx.registration.isInBand
      ? [xml('register', { xmlns: NS_IBR_TOKEN }), xml('register', { xmlns: NS_REGISTER_FEATURE })]
      : [],
  answer(iq, stranger, ctx) {
    const { type, id, to } = iq.attrs
    const [payload] = iq.getChildElements()
    const isOurs = ctx.registration.isInBand && id !== undefined && (to === undefined || to === ctx.domain)
    if (!isOurs || !payload || (type !== 'get' && type !== 'set')) return undefined
    if (type === 'set' && payload.is('preauth', NS_PARS)) return showToken(payload, stranger, ctx)
    if (!payload.is('query', NS_REGISTER)) return undefined
    return type === 'get' ? giveForm(stranger, ctx) : register(payload, stranger, ctx)
  },
}

async function showToken(preauth: Element, stranger: Stranger, ctx: Context): Promise<undefined> {
  const candidate = candidateOf(stranger, ctx)
  candidate.invitation = undefined
  const invitation = await ctx.invitations.find(preauth.attrs['token'] ?? '')
  if (!invitation?.makesAccount) {
    ctx.throttle.failed(ctx.throttle.keysOf(stranger.remoteAddress))
    throw new StanzaFault({ condition: 'item-not-found', text: 'The provided token is invalid or expired' })
  }
  candidate.invitation = invitation
  return undefined
}

async function giveForm(stranger: Stranger, ctx: Context): Promise<Element> {
  const { localpart } = invited(candidateOf(stranger, ctx))
  return xml(
    'query',
    { xmlns: NS_REGISTER },
    xml('instructions', {}, `Choose a name and a password for your account at ${ctx.domain}.`),
    xml('username', {}, localpart ?? undefined),
    xml('password'),
  )
}

/** XEP-0077 §3.1.1: "not-acceptable" when something is missing, "conflict" when the name is taken. */
async function register(query: Element, stranger: Stranger, ctx: Context): Promise<undefined> {
  const candidate = candidateOf(stranger, ctx)
  const invitation = invited(candidate)
  const name = query.getChildText('username') ?? ''
  const password = query.getChildText('password') ?? ''
  if (name === '' || password === '') {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'A name and a password are needed.' })
  }
  await createInvited(invitation, { name, password, remoteAddress: stranger.remoteAddress }, ctx)
  candidate.invitation = undefined
  return undefined
}

function invited({ invitation }: Candidate): Invitation {
  if (invitation) return invitation
  throw new StanzaFault({ type: 'cancel', condition: 'not-allowed', text: 'You need an invitation to register here.' })
}

function candidateOf({ notes, remoteAddress }: Stranger, ctx: Context): Candidate {
  const candidate = (notes.get('registration') as Candidate | undefined) ?? { requests: 0, invitation: undefined }
  notes.set('registration', candidate)
  if (++candidate.requests > MAX_REQUESTS || ctx.throttle.delayMs(ctx.throttle.keysOf(remoteAddress)) > 0) {
    throw new Refusal('rate-limited')
  }
  return candidate
}
