import { problem, PROBLEM_MEDIA_TYPE } from '@drawbridge/contract'
import type { ErrorCode } from '@drawbridge/contract'
import { claimFrom, UNREADABLE_FAMILY } from '@drawbridge/policy'
import { readBounded } from '@drawbridge/runtime'
import { buildClientTier, NS_DRAWBRIDGE_CLIENT, parseClient } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { defineFeature } from '../routing/feature.ts'
import type { Context, IqRequest } from '../routing/feature.ts'
import { findInstallationKey } from '../stream/installation-key.ts'

const MAX_BODY_BYTES = 4_096
const shortText = z.string().min(1).max(64)

const tokenRequest = z.strictObject({
  /** Bare JID. Nobody has signed in yet: whether there is such an account is not looked up. */
  account: z.string().min(3).max(3_071),
  name: shortText,
  version: shortText,
  build: shortText,
  /** See `ClientProof`. */
  key: z.string().max(128),
})

/**
 * Evidence of tiers E3 and E4 (control §3.1): where a page of ours gets the token that says which build it is, and where a
 * live session shows another one before the last runs out. The same element does it in a bind request, in SASL2 and in a
 * resumption.
 */
export const clientEvidence = defineFeature({
  name: 'client-evidence',
  implements: [],
  disco: [NS_DRAWBRIDGE_CLIENT],
  iq: [{ type: 'set', to: 'server', xmlns: NS_DRAWBRIDGE_CLIENT, name: 'client', handle: showEvidence }],
  http: [{ method: 'POST', path: '/client-token', handle: giveToken }],
})

/** What is worth nothing takes nothing away: an evidence that was good counts until its time is over. */
function showEvidence(payload: Element, { session }: IqRequest, { clientProofs }: Context): Element {
  const { account, connection } = session
  const proofs = connection ? clientProofs.check(parseClient(payload), { account, connection }) : []
  if (proofs.length > 0) session.prove(proofs)
  return buildClientTier(session.client.tier)
}

/**
 * Gives a token to the key of an installation. In a browser only pages of our own origin get this far: a page of another
 * one may not send JSON here without our leave (Fetch §4.8), which nobody gives, and the browser says so by itself.
 */
async function giveToken(req: IncomingMessage, res: ServerResponse, _url: URL, ctx: Context): Promise<void> {
  const { 'content-type': type = '', 'sec-fetch-site': site = 'same-origin' } = req.headers
  if (site !== 'same-origin') return refuse(res, 'forbidden')
  const body = type.startsWith('application/json') ? await readBounded(req, MAX_BODY_BYTES) : undefined
  const { data } = tokenRequest.safeParse(body === undefined ? undefined : jsonFrom(body))
  const key = data && findInstallationKey(data.key)
  if (!data || !key) return refuse(res, 'bad-request')
  const { account, build } = data
  const { family, version } = claimFrom({ source: 'client-element', ...data })
  const isCurrent =
    family !== UNREADABLE_FAMILY &&
    version === data.version &&
    (await ctx.clientBuilds.isCurrent({ family, version, build }))
  if (!isCurrent) return refuse(res, 'client-build-outdated')
  const token = ctx.clientTokens.issue({ account, key: key.thumbprint, family, version, build }, ctx.now())
  answer(res, 200, 'application/json', { token, lifetimeMs: ctx.clientTokens.ttlMs })
}

function jsonFrom(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function refuse(res: ServerResponse, code: ErrorCode): void {
  const body = problem(code)
  answer(res, body.status, PROBLEM_MEDIA_TYPE, body)
}

function answer(res: ServerResponse, status: number, type: string, body: object): void {
  const text = JSON.stringify(body)
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
  })
  res.end(text)
}
