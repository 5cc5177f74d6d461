import { CODES, Refusal } from '@drawbridge/contract'
import type { Invitation } from '@drawbridge/db'
import { readBounded } from '@drawbridge/runtime'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from '../../routing/accounts.ts'
import { addressOf } from '../../routing/client-address.ts'
import type { Context } from '../../routing/feature.ts'
import { createInvited } from './create.ts'
import { buildPage, CONTENT_SECURITY_POLICY, languageOf, TEXTS } from './html.ts'
import type { Page, Texts } from './html.ts'

/** Longest form, in bytes. */
const MAX_FORM_BYTES = 8_192

/** The page of an invitation (XEP-0401 §4.2): what it is, a form to make an account, and the link for clients. */
export async function showInvitation(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> {
  const texts = TEXTS[languageOf(req.headers['accept-language'])]
  const found = await findInvitation(req, url, ctx)
  if (!found) return send(res, 404, gone(texts))
  send(res, 200, invitationPage(found, texts, ctx))
}

/**
 * Takes the form. Whoever can send it knows the token, and needs nothing else: there is no cookie that another site could
 * make a browser send along.
 */
export async function acceptInvitation(
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  ctx: Context,
): Promise<void> {
  const language = languageOf(req.headers['accept-language'])
  const texts = TEXTS[language]
  const found = await findInvitation(req, url, ctx)
  if (!found?.invitation.makesAccount) return send(res, 404, gone(texts))
  const form = await readForm(req)
  if (!form) return send(res, 400, gone(texts))
  const name = form.get('name')?.trim() ?? ''
  const password = form.get('password') ?? ''
  const again = (status: number, fault: string) => send(res, status, invitationPage(found, texts, ctx, { name, fault }))
  if (password !== form.get('again')) return again(400, texts.passwordsDiffer)
  try {
    const remoteAddress = addressOf(req)
    const account = await createInvited(found.invitation, { name, password, remoteAddress }, ctx)
    send(res, 201, welcome(account, texts))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { http, text } = CODES[error.code]
    again(http, text[language])
  }
}

interface Found {
  readonly invitation: Invitation
  readonly uri: string
}

/** By its token; whoever tries many has to wait, and then finds nothing either. */
async function findInvitation(req: IncomingMessage, url: URL, ctx: Context): Promise<Found | undefined> {
  const keys = ctx.throttle.keysOf(addressOf(req))
  if (ctx.throttle.delayMs(keys) > 0) return undefined
  const token = url.pathname.slice('/invite/'.length)
  const invitation = await ctx.invitations.find(token)
  if (!invitation) {
    ctx.throttle.failed(keys)
    return undefined
  }
  return { invitation, uri: ctx.invitations.uriOf(invitation, token) }
}

interface Try {
  readonly name: string
  readonly fault: string
}

function invitationPage({ invitation, uri }: Found, texts: Texts, ctx: Context, tried?: Try): Page {
  const inviter = ctx.invitations.inviterOf(invitation)
  const who = inviter ? (inviter.displayName ?? inviter.localpart) : undefined
  const { makesAccount, localpart } = invitation
  return {
    texts,
    title: who === undefined ? texts.invited(ctx.domain) : texts.invitedBy(who, ctx.domain),
    lead: makesAccount ? texts.lead : texts.leadContact(inviter?.bareJid ?? ''),
    fault: tried?.fault,
    form: makesAccount
      ? { name: localpart ?? tried?.name ?? '', isFixed: localpart !== null, domain: ctx.domain }
      : undefined,
    link: { href: uri, label: texts.openInApp, note: texts.openInAppNote },
  }
}

function welcome({ bareJid }: Account, texts: Texts): Page {
  return {
    texts,
    title: texts.welcome,
    lead: texts.welcomeLead(bareJid),
    link: { href: '/', label: texts.openWebClient, note: texts.openWebClientNote },
  }
}

function gone(texts: Texts): Page {
  return { texts, title: texts.gone, lead: texts.goneLead }
}

function send(res: ServerResponse, status: number, page: Page): void {
  const body = buildPage(page)
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'content-language': page.texts.language,
    vary: 'accept-language',
    'cache-control': 'no-store',
    // The token is in the address: nobody who is linked from here needs it.
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-robots-tag': 'noindex',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
  res.end(body)
}

/** The fields of a form that is not too long; nothing for anything else. */
async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  if (!/^application\/x-www-form-urlencoded\b/iu.test(req.headers['content-type'] ?? '')) return undefined
  const bytes = await readBounded(req, MAX_FORM_BYTES)
  return bytes && new URLSearchParams(bytes.toString())
}
