import { buildBound, buildSasl2Success, buildStanzaError, NS_CSI, NS_SM } from '@drawbridge/xmpp'
import type { Authenticate, Content, Element, SaslFailure, Words } from '@drawbridge/xmpp'
import { claimFrom, claimFromUserAgent, identify } from '@drawbridge/policy'
import type { Claim } from '@drawbridge/policy'
import type { Connection } from '../transport/connection.ts'
import { isOwnClient } from './admission.ts'
import { openSession, randomResource } from './bind.ts'
import type { KnownClient } from './bind.ts'
import { HeldBack } from './held-back.ts'
import { manage, prepareManagement, prepareResumption } from './management.ts'
import type { SignIn } from './negotiation.ts'
import { endOf } from './sasl.ts'
import type { Session } from './session.ts'
import type { StreamServer } from './stream-server.ts'
import { installationOf } from './turned-away.ts'

/** The stream that somebody signs in on. */
export interface EstablishingStream {
  readonly connection: Connection
  isClosed(): boolean
  /** Its credentials ended while this was under way (threats AU-23). */
  isRevoked(clientId: string | undefined): boolean
}

/** What came of it. What is not refused begins with `text`, the `<success/>`, and the stream features behind it. */
export type Established =
  | { readonly kind: 'refused'; readonly condition: SaslFailure; readonly text?: Words; readonly details?: Element[] }
  | { readonly kind: 'signed-in'; readonly success: Element; readonly client: KnownClient }
  | { readonly kind: 'resumed'; readonly success: Element; readonly session: Session; readonly h: number }
  | { readonly kind: 'bound'; readonly success: Element; readonly session: Session; readonly held: HeldBack }

/** What it was proved with does not count any more: it was taken back meanwhile. */
const revoked = ({ proof }: SignIn): Established => ({
  kind: 'refused',
  condition: proof.kind === 'token' ? 'credentials-expired' : 'not-authorized',
})

/**
 * Does what a client wanted along with SASL2, in the order that XEP-0386 §2.2 gives: resume (XEP-0198), or else bind.
 * Before that the rules are asked, so that a client of ours learns from the failure itself what it is to do (control
 * §3.3); any other one is told after it was bound.
 */
export async function establish(
  server: StreamServer,
  stream: EstablishingStream,
  signIn: SignIn & { readonly authenticate: Authenticate },
): Promise<Established> {
  const { account, authenticate, data } = signIn
  const { connection } = stream
  const claims = claimsFrom(authenticate)
  const proofs = server.proofs.check(authenticate.client, { account, connection })
  const client = identify([...claims, ...proofs.map(({ claim }) => claim)])
  const refusal = isOwnClient(client) ? server.refusalFor(account, client, 'bind', connection) : undefined
  const installation = installationOf(account.localpart, connection.remoteAddress, authenticate)
  if (refusal?.isLasting && installation !== undefined) server.noteTurnedAway(installation, refusal)
  if (refusal) return { kind: 'refused', condition: 'aborted', text: refusal.text, details: [...refusal.details] }
  const seen = await server.fast.signedIn(signIn)
  if (seen === 'revoked') return revoked(signIn)
  const { id: clientId, token } = seen
  const endsAt = endOf(signIn.proof)
  const inline: Content[] = [token]
  if (authenticate.resume) {
    const isClosed = () => stream.isClosed()
    const resumption = await prepareResumption(server, {
      account,
      connection,
      element: authenticate.resume,
      proofs,
      isClosed,
    })
    if ('session' in resumption) {
      const { session, resumed, h } = resumption
      inline.push(resumed)
      return { kind: 'resumed', session, h, success: buildSasl2Success({ jid: session.jid.toString(), data, inline }) }
    }
    inline.push(resumption.failed)
  }
  if (!authenticate.bind) {
    const success = buildSasl2Success({ jid: account.bareJid, data, inline })
    return { kind: 'signed-in', success, client: { claims, proofs, clientId, endsAt } }
  }
  const outcome = await bindInline(server, stream, {
    signIn,
    bind: authenticate.bind,
    claims,
    proofs,
    clientId,
    endsAt,
  })
  if (!('bound' in outcome)) return outcome
  const { session, held, bound } = outcome
  session.installation = installation
  inline.push(bound)
  const success = buildSasl2Success({ jid: session.jid.toString(), data, inline })
  return { kind: 'bound', session, held, success }
}

interface BoundInline {
  readonly session: Session
  readonly held: HeldBack
  readonly bound: Element
}

interface InlineBind extends KnownClient {
  readonly signIn: SignIn
  readonly bind: NonNullable<Authenticate['bind']>
}

/**
 * XEP-0386 §2.2. The session is there before anything is looked up for it, and what it gets meanwhile waits behind
 * `<success/>`: so what `<bound/>` says of the archive and what comes live leave no gap between them.
 */
async function bindInline(
  server: StreamServer,
  stream: EstablishingStream,
  { signIn, bind, ...known }: InlineBind,
): Promise<BoundInline | Established> {
  const { account, authenticate } = signIn
  const enable = bind.features.find((feature) => feature.is('enable', NS_SM))
  const management = enable && (await prepareManagement(server, account, enable))
  if (stream.isClosed() || stream.isRevoked(known.clientId)) return revoked(signIn)
  const held = new HeldBack(stream.connection)
  const resourcepart = resourceFor(server, signIn, bind.tag, authenticate?.userAgent.id)
  const wanted = { ...known, account, isOnlyOne: true }
  let session = openSession(server, held, { ...wanted, resourcepart })
  // A tag that cannot be part of an address is left out.
  if (session === 'bad-request') session = openSession(server, held, { ...wanted, resourcepart: randomResource() })
  if (typeof session === 'string') {
    const details = buildStanzaError({ condition: session }).getChildElements()
    return { kind: 'refused', condition: 'temporary-auth-failure', details } as const
  }
  const answers: Content[] = []
  if (management && 'queue' in management) {
    manage(server, session, management)
    answers.push(management.enabled)
  } else answers.push(management?.failed)
  for (const feature of bind.features) {
    if (feature.getNS() === NS_CSI) session.setActive(feature.name !== 'inactive')
  }
  try {
    answers.push(await server.bindInline(session, bind.features))
  } catch (error) {
    session.end()
    throw error
  }
  return { session, held, bound: buildBound(answers) }
}

/** The tag, and something that stays the same for this client without saying which it is (XEP-0386 §2.2.1). */
function resourceFor(server: StreamServer, { account }: SignIn, tag = '', userAgentId: string | undefined): string {
  const made = userAgentId === undefined ? randomResource() : server.stableName(`${account.id}\0${tag}\0${userAgentId}`)
  return tag === '' ? made : `${tag}/${made}`
}

function claimsFrom({ client, userAgent }: Authenticate): Claim[] {
  return [
    ...(client ? [claimFrom({ source: 'client-element', ...client })] : []),
    ...(userAgent.software === undefined ? [] : [claimFromUserAgent(userAgent.software, 'user-agent')]),
  ]
}
