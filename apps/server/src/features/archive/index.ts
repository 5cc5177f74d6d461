import {
  buildMamForm,
  buildMamPreferences,
  NS_FULLTEXT,
  NS_MAM,
  NS_MAM_EXTENDED,
  NS_RETRACTION,
  NS_RETRACTION_TOMBSTONE,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { archiveEnds, sendArchivePage } from '../../routing/archive-page.ts'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, Draft, IqRequest, IqRoute } from '../../routing/feature.ts'
import { startIndexing, stopIndexing, wakeIndexing } from './text-index.ts'

/**
 * XEP-0313: Message Archive Management, of accounts. What a message leaves in which archive is said here, before the
 * commit; what an archive holds is read by its owner only.
 */
export const archive = defineFeature({
  name: 'archive',
  implements: [
    { xep: 313, version: '1.1.3' },
    { xep: 431, version: '0.2.0' },
    { xep: 441, version: '0.2.0' },
    { xep: 424, version: '0.4.2' },
    { xep: 308, version: '1.2.1' },
    { xep: 428, version: '0.2.1' },
    { xep: 59, version: '1.0' },
    { xep: 297, version: '1.0' },
    { xep: 334, version: '1.0.0' },
    { xep: 4, version: '2.13.2' },
  ],
  // XEP-0313 §3 wants it of the account only; clients such as profanity ask nobody but the server.
  disco: [NS_MAM, NS_RETRACTION, NS_RETRACTION_TOMBSTONE],
  accountDisco: [NS_MAM, NS_MAM_EXTENDED, NS_FULLTEXT, NS_RETRACTION, NS_RETRACTION_TOMBSTONE],
  message: { record, notify: wakeIndexing },
  session: { boundInline: ({ account }, ctx) => archiveEnds({ owner: account.bareJid }, ctx) },
  // `account`, not `own`: whoever asks for another archive is told that it is forbidden, whether it exists or not (SP-11).
  iq: [
    ownOnly('set', 'query', (payload, { to, session, stanza }, ctx) =>
      sendArchivePage(payload, { owner: to.bareString, session, language: stanza.element.attrs['xml:lang'] }, ctx),
    ),
    ownOnly('get', 'query', () => buildMamForm()),
    ownOnly('get', 'metadata', (_payload, { to }, ctx) => archiveEnds({ owner: to.bareString }, ctx)),
    // XEP-0441 §2.1: what a company must keep is not for its users to choose; whoever asks for less is told what applies.
    ownOnly('get', 'prefs', () => buildMamPreferences(EVERYTHING)),
    ownOnly('set', 'prefs', setPreferences),
  ],
  start: startIndexing,
  stop: stopIndexing,
})

const EVERYTHING = { default: 'always', always: [], never: [] } as const

function ownOnly(type: 'get' | 'set', name: string, handle: IqRoute['handle']): IqRoute {
  return {
    type,
    to: 'account',
    xmlns: NS_MAM,
    name,
    handle(payload, request: IqRequest, ctx: Context) {
      if (!request.isOwn) throw new StanzaFault({ condition: 'forbidden' })
      return handle(payload, request, ctx)
    },
  }
}

/** Durability §4: a durable message is in the archive of its sender and in that of its recipient, each once. */
function record({ stanza, durable, archives }: Draft, { accounts }: Context): void {
  if (!durable) return
  const { from, to } = stanza
  const sender = accounts.findByBareJid(from.bareString)
  const recipient = to && accounts.findByBareJid(to.bareString)
  // A message to oneself is one row, an incoming one: the other devices are still to get it.
  if (sender && sender !== recipient) {
    archives.push({ owner: sender.bareJid, peer: String(to ?? from.bare), direction: 'out' })
  }
  if (recipient && !recipient.isDisabled) {
    archives.push({ owner: recipient.bareJid, peer: String(from), direction: 'in' })
  }
}

function setPreferences(payload: Element): Element {
  if (!['always', 'never', 'roster'].includes(payload.attrs['default'] ?? '')) {
    throw new StanzaFault({ condition: 'bad-request', text: 'unknown default' })
  }
  return buildMamPreferences(EVERYTHING)
}
