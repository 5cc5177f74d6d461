import { countPrivateXml, findPrivateXml, putPrivateXml } from '@drawbridge/db'
import { C2S_LIMITS, NS_PRIVATE, parseElement, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { LEGACY_BOOKMARKS, readLegacyBookmarks, replaceBookmarks } from './bookmarks.ts'
import { cleanItem } from './content.ts'

/** Longest element, in characters, and most elements, of one account. */
const MAX_ELEMENT_LENGTH = 65_536
const MAX_ELEMENTS = 200

/**
 * XEP-0049: Private XML Storage. One element per name and namespace; others never get an answer. The bookmarks in it
 * (XEP-0048) are those of XEP-0402.
 */
export const privateStorage = defineFeature({
  name: 'private-storage',
  implements: [
    { xep: 49, version: '1.2' },
    { xep: 48, version: '1.2' },
  ],
  disco: [NS_PRIVATE],
  accountDisco: [NS_PRIVATE],
  iq: [
    { type: 'get', to: 'own', xmlns: NS_PRIVATE, name: 'query', handle: get },
    { type: 'set', to: 'own', xmlns: NS_PRIVATE, name: 'query', handle: set },
  ],
})

async function get(query: Element, { session }: IqRequest, ctx: Context): Promise<Element> {
  const [wanted, ...others] = query.getChildElements()
  if (!wanted || others.length > 0) throw new StanzaFault({ condition: 'bad-request', text: 'one element expected' })
  if (isBookmarks(wanted)) return xml('query', { xmlns: NS_PRIVATE }, await readLegacyBookmarks(session.account, ctx))
  const stored = await findPrivateXml(ctx.db, session.account.id, namespaceOf(wanted), wanted.getName())
  // §3.3: what was never stored comes back empty, as it was asked for.
  const element =
    stored === undefined ? xml(wanted.getName(), { xmlns: namespaceOf(wanted) }) : parseElement(stored, C2S_LIMITS)
  return xml('query', { xmlns: NS_PRIVATE }, element)
}

async function set(query: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  const elements = query.getChildElements().map((given) => {
    const element = given.clone()
    return { element, xmlns: namespaceOf(given), name: element.getName(), text: element.toString() }
  })
  if (elements.length === 0) throw new StanzaFault({ condition: 'bad-request', text: 'nothing to store' })
  if (elements.some(({ text }) => text.length > MAX_ELEMENT_LENGTH)) {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This is too long to be stored.' })
  }
  const { account } = session
  const bookmarks = elements.filter(({ element }) => isBookmarks(element))
  for (const { element } of bookmarks) {
    await cleanItem(account, { node: LEGACY_BOOKMARKS, publisher: account.bareJid }, element, ctx)
  }
  await ctx.db.transaction(async (tx) => {
    for (const { element, xmlns, name, text } of elements) {
      if (!isBookmarks(element)) await putPrivateXml(tx, account.id, xmlns, name, text)
    }
    if ((await countPrivateXml(tx, account.id)) > MAX_ELEMENTS) {
      throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'Too much is stored already.' })
    }
  })
  for (const { element } of bookmarks) await replaceBookmarks(account, element, ctx)
  return undefined
}

function isBookmarks(element: Element): boolean {
  return element.is('storage', LEGACY_BOOKMARKS)
}

/** §2: every element has a namespace of its own; that of the protocol itself is none. */
function namespaceOf(element: Element): string {
  const xmlns = element.getNS()
  if (xmlns === undefined || xmlns === '' || xmlns === NS_PRIVATE || xmlns === 'jabber:client') {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'a namespace of its own expected' })
  }
  return xmlns
}
