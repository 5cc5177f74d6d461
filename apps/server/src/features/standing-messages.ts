import { isStandingMessageDue, listStandingMessages, putStandingMessageReceipt } from '@drawbridge/db'
import type { StandingMessage, StandingMessageKind } from '@drawbridge/db'
import { NS_CLIENT, stanzaFrom, xml } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context } from '../routing/feature.ts'

const SUBJECTS: Readonly<Record<StandingMessageKind, string>> = { motd: 'Message of the day', welcome: 'Welcome' }
/** People who get a new message of the day at the same time. */
const WIDTH = 16

interface Standing {
  readonly messages: Map<StandingMessageKind, StandingMessage>
  /** Accounts that are being given what is due to them: of two devices one is enough. */
  readonly busy: Map<string, Promise<void>>
}

const states = new WeakMap<Context, Standing>()

/**
 * What the server says once to everybody, or to whoever is new (XEP-0133 §4.24 to §4.28). A message is committed like any
 * other before it is noted that an account has it, so that a crash repeats it at worst.
 */
export const standingMessages = defineFeature({
  name: 'standing-messages',
  implements: [],
  on: {
    'session.available': ({ session }, ctx) => greet(session.account, ctx),
    'standing-message.changed': ({ kind, message }, ctx) => follow(kind, message, ctx),
  },
  async start(ctx) {
    const messages = await listStandingMessages(ctx.db)
    states.set(ctx, { messages: new Map(messages.map((message) => [message.kind, message])), busy: new Map() })
  },
  stop: async (ctx) => void (await Promise.all([...(states.get(ctx)?.busy.values() ?? [])])),
})

/** "The announcement is sent immediately to users who are online when the message is set" (§4.24). */
async function follow(kind: StandingMessageKind, message: StandingMessage | undefined, ctx: Context): Promise<void> {
  const messages = states.get(ctx)?.messages
  if (!message) return void messages?.delete(kind)
  messages?.set(kind, message)
  if (kind !== 'motd') return
  const online = [...ctx.accounts.all()].filter(({ bareJid }) => ctx.sessions.of(bareJid).some((s) => s.presence))
  for (let at = 0; at < online.length; at += WIDTH) {
    await Promise.all(online.slice(at, at + WIDTH).map((account) => greet(account, ctx)))
  }
}

/** Gives an account what is due to it: each account in turn with itself, so that it gets nothing twice. */
async function greet(account: Account, ctx: Context): Promise<void> {
  const standing = states.get(ctx)
  if (!standing || standing.messages.size === 0) return
  const { messages, busy } = standing
  const turn = (busy.get(account.id) ?? Promise.resolve())
    .then(async () => {
      for (const message of messages.values()) await give(message, account, ctx)
    })
    .catch((error: unknown) => ctx.log.warn('a standing message was not given', { error: String(error) }))
    .finally(() => busy.get(account.id) === turn && busy.delete(account.id))
  busy.set(account.id, turn)
  await turn
}

async function give(message: StandingMessage, { id, bareJid }: Account, ctx: Context): Promise<void> {
  if (!(await isStandingMessageDue(ctx.db, id, message))) return
  const attrs = { xmlns: NS_CLIENT, type: 'normal', id: message.id, from: ctx.domain, to: bareJid }
  const element = xml('message', attrs, xml('subject', {}, SUBJECTS[message.kind]), xml('body', {}, message.text))
  await ctx.route(stanzaFrom(element, { from: ctx.domainJid }))
  await putStandingMessageReceipt(ctx.db, id, message)
}
