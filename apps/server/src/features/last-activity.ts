import { findLastActivity, noteSignIn, putLastActivity } from '@drawbridge/db'
import { NS_LAST, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, Jid } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'
import type { Context, IqRequest } from '../routing/feature.ts'
import type { Session } from '../stream/session.ts'

/** Longest status that is kept, in characters. */
const STATUS_MAX = 1_000

const NAME = 'last-activity'
const startedAt = new WeakMap<Context, Date>()

/**
 * XEP-0012: Last Activity, of the server and of accounts. Whoever may not see an account's presence is refused, and so is
 * whoever asks about nobody (SP-12); a question to a device goes no further either (§7).
 */
export const lastActivity = defineFeature({
  name: NAME,
  implements: [{ xep: 12, version: '2.0' }],
  disco: [NS_LAST],
  accountDisco: [NS_LAST],
  iq: [
    { type: 'get', to: 'server', xmlns: NS_LAST, name: 'query', handle: uptime },
    { type: 'get', to: 'account', xmlns: NS_LAST, name: 'query', handle: ofAccount },
  ],
  enter(stanza, session, ctx) {
    const { to } = stanza
    if (stanza.kind === 'presence' && stanza.type === 'unavailable' && !to) {
      session?.notes.set(NAME, stanza.element.getChildText('status')?.slice(0, STATUS_MAX))
    }
    if (stanza.kind !== 'iq' || stanza.type !== 'get' || !to?.isFull || to.domainpart !== ctx.domain) return undefined
    if (!stanza.element.getChild('query', NS_LAST)) return undefined
    return refuseStrangers(to, stanza.from, ctx).then(() => undefined)
  },
  session: { bound: noteStart, ended: noteEnd },
  start: (ctx) => void startedAt.set(ctx, ctx.now()),
  stop: async () => void (await Promise.all(writing.values())),
})

/** §5. */
function uptime(_query: Element, _request: IqRequest, ctx: Context): Element {
  return answer(startedAt.get(ctx) ?? ctx.now(), ctx)
}

/** §3: nothing has passed for whoever is here. */
async function ofAccount(_query: Element, { to, stanza }: IqRequest, ctx: Context): Promise<Element> {
  const account = await refuseStrangers(to, stanza.from, ctx)
  const isHere = ctx.sessions.of(account.bareJid).some(({ presence }) => presence !== undefined)
  if (isHere) return answer(ctx.now(), ctx)
  const last = await findLastActivity(ctx.db, account.id)
  if (!last) throw new StanzaFault({ condition: 'item-not-found' })
  return answer(last.at, ctx, last.status ?? undefined)
}

/** §3: "MUST return a "Forbidden" error", whether the account exists or not. */
async function refuseStrangers(to: Jid, asker: Jid, ctx: Context) {
  const account = ctx.accounts.findByBareJid(to.bareString)
  const mayAsk =
    account !== undefined &&
    (account.bareJid === asker.bareString || (await ctx.rosters.isSubscriber(account, asker.bareString))) &&
    !ctx.blockLists.blocks(account.bareJid, asker)
  if (!mayAsk) throw new StanzaFault({ type: 'auth', condition: 'forbidden' })
  return account
}

function answer(since: Date, ctx: Context, status?: string): Element {
  const seconds = Math.max(0, Math.floor((ctx.now().getTime() - since.getTime()) / 1_000))
  return xml('query', { xmlns: NS_LAST, seconds }, status)
}

/** Being written, by account and in order: of two ends the later one has to stay. A session waits for none of it. */
const writing = new Map<string, Promise<void>>()

/** Of several sessions the last one counts, with what it said when it left. */
function noteEnd({ account, notes }: Session, ctx: Context): void {
  if (ctx.sessions.of(account.bareJid).length > 0) return
  const status = (notes.get(NAME) as string | undefined) ?? null
  const at = ctx.now()
  inTheBackground(account.id, () => putLastActivity(ctx.db, account.id, at, status), ctx)
}

/** When somebody signed in last (XEP-0133 §4.9); a stream that is resumed is no sign-in. */
function noteStart({ account }: Session, ctx: Context): void {
  const at = ctx.now()
  inTheBackground(account.id, () => noteSignIn(ctx.db, account.id, at), ctx)
}

function inTheBackground(accountId: string, work: () => Promise<void>, ctx: Context): void {
  const write = (writing.get(accountId) ?? Promise.resolve())
    .then(work)
    .catch((error: unknown) => ctx.log.warn('a sign-in or its end was not noted', { error: String(error) }))
    .finally(() => writing.get(accountId) === write && writing.delete(accountId))
  writing.set(accountId, write)
}
