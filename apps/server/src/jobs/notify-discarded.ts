import { findSuspension, listMessages } from '@drawbridge/db'
import type { Handler } from '@drawbridge/jobs'
import { findOriginId, NS_CLIENT, NS_DRAWBRIDGE_SUSPENSION, stanzaFrom, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context } from '../routing/feature.ts'
import { parseStored } from '../routing/parse-stored.ts'

type DiscardContext = Pick<Context, 'db' | 'domain' | 'domainJid' | 'route' | 'sessions'>

const TEXT = {
  en: (count: number, reason: string) =>
    `${count === 1 ? 'A message' : `${count} messages`} of yours that had been held ${count === 1 ? 'was' : 'were'} discarded and not delivered. Reason of the suspension: ${reason}. Send again what is still needed.`,
  de: (count: number, reason: string) =>
    `${count === 1 ? 'Eine Ihrer Nachrichten, die zurückgehalten worden war, wurde' : `${count} Ihrer Nachrichten, die zurückgehalten worden waren, wurden`} verworfen und nicht zugestellt. Grund der Aussetzung: ${reason}. Senden Sie erneut, was noch gebraucht wird.`,
} as const

/**
 * Tells the sender of held messages that they were discarded: an error for each to the devices that are there, by the id
 * that they know it by, and one message that is still there for those who come later.
 */
export function notifyDiscardedHandler(ctx: DiscardContext): Handler<{
  readonly sender: string
  readonly suspension: string
  readonly messages: readonly string[]
}> {
  const { db, domain, domainJid } = ctx
  return async ({ sender, suspension: id, messages }) => {
    const suspension = await findSuspension(db, id)
    const discarded = (await listMessages(db, messages)).map(({ stanza }) => parseStored(stanza))
    if (!suspension || discarded.length === 0) return
    const { reason } = suspension
    for (const session of ctx.sessions.of(sender)) {
      for (const element of discarded) session.send(errorFor(element, id, sender))
    }
    const notice = xml(
      'message',
      { xmlns: NS_CLIENT, type: 'normal', from: domain, to: sender, id: `discarded-${messages[0]}` },
      xml('body', {}, TEXT.en(discarded.length, reason)),
      xml('body', { 'xml:lang': 'de' }, TEXT.de(discarded.length, reason)),
      discarded.map((one) => xml('discarded', { xmlns: NS_DRAWBRIDGE_SUSPENSION, id: nameOf(one), suspension: id })),
    )
    await ctx.route(stanzaFrom(notice, { from: domainJid }))
  }
}

/** What the sending client knows the message by. */
function nameOf(element: Element): string | undefined {
  return findOriginId(element) ?? element.attrs['id']
}

/** RFC 6120 §8.3: from where it was going. */
function errorFor(element: Element, suspension: string, sender: string): Element {
  const { to, id } = element.attrs
  return xml(
    'message',
    { xmlns: NS_CLIENT, type: 'error', from: to, to: sender, id },
    xml(
      'error',
      { type: 'cancel' },
      xml('policy-violation', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
      xml('text', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }, 'The message was held and then discarded.'),
      xml('discarded', { xmlns: NS_DRAWBRIDGE_SUSPENSION, id: nameOf(element), suspension }),
    ),
  )
}
