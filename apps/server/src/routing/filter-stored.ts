import { findVcard, hashOfImage, putFilteredMessage, putFilteredPepItem, putVcard } from '@drawbridge/db'
import type { ArchivedMessage, PepItem, Vcard } from '@drawbridge/db'
import { FILTER_VERSION, filterImages } from '@drawbridge/image-filter'
import { findBase64, findJid, NS_CLIENT, NS_VCARD, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'
import { aroundOf } from './image-lookups.ts'
import type { Parties } from './image-lookups.ts'
import { parseStored } from './stored.ts'

// Images §1, rule 4: what an older version of the filter let in, or none did, passes the one in force before anybody sees
// it. It is written back, so that this happens once.

type Stored = Pick<ArchivedMessage, 'id' | 'stanza' | 'filterVersion' | 'retraction'>

/** Messages as they may be shown. The same ones, at once, when the filter in force has let them all in. */
export async function filterMessages<M extends Stored>(messages: readonly M[], ctx: Context): Promise<readonly M[]> {
  if (messages.every(isFiltered)) return messages
  const filtered: M[] = []
  // One after the other: a page may hold many images, and the sanitizer has others to serve.
  for (const message of messages) filtered.push(isFiltered(message) ? message : await filterMessage(message, ctx))
  return filtered
}

/** Whether the filter in force has let a message in, and what retracted it. */
export function isFiltered({ filterVersion, retraction }: Stored): boolean {
  return filterVersion >= FILTER_VERSION && (retraction?.filterVersion ?? FILTER_VERSION) >= FILTER_VERSION
}

async function filterMessage<M extends Stored>(message: M, ctx: Context): Promise<M> {
  const { retraction } = message
  const own = await filterRow(message, ctx)
  return {
    ...message,
    ...own,
    ...(retraction && { retraction: { ...retraction, ...(await filterRow(retraction, ctx)) } }),
  }
}

async function filterRow({ id, stanza, filterVersion }: Omit<Stored, 'retraction'>, ctx: Context) {
  if (filterVersion >= FILTER_VERSION) return { stanza, filterVersion }
  const { element, isSettled } = await filterElement(parseOrReplace(stanza), partiesOf, ctx)
  const text = element.toString()
  if (isSettled) await putFilteredMessage(ctx.db, id, text, FILTER_VERSION)
  return { stanza: text, filterVersion: FILTER_VERSION }
}

/** The payload of an item as it may be shown. */
export async function filterItem<I extends Pick<PepItem, 'node' | 'itemId' | 'payload' | 'filterVersion'>>(
  owner: Pick<Account, 'id' | 'bareJid'>,
  item: I,
  ctx: Context,
): Promise<I> {
  if (item.filterVersion >= FILTER_VERSION) return item
  const wrapped = xml('item', {}, parseOrReplace(item.payload))
  const { element, isSettled } = await filterElement(wrapped, () => ({ from: owner.bareJid }), ctx)
  // What nothing is left of is an item without content, in nobody's namespace.
  const payload = (element.getChildElements()[0] ?? xml('removed', { xmlns: 'urn:drawbridge:image:1' })).toString()
  const filtered = { ...item, payload, filterVersion: FILTER_VERSION }
  if (isSettled) await putFilteredPepItem(ctx.db, owner.id, filtered)
  return filtered
}

/** The vCard of an account as it may be shown (XEP-0054). */
export async function findFilteredVcard(account: Account, ctx: Context): Promise<Vcard | undefined> {
  const row = await findVcard(ctx.db, account.id)
  if (!row || row.filterVersion >= FILTER_VERSION) return row
  const root = xml('item', {}, parseOrReplace(row.element))
  const { element, isSettled } = await filterElement(root, () => ({ from: account.bareJid }), ctx)
  const card = element.getChild('vCard', NS_VCARD)
  const photo = card?.getChild('PHOTO')?.getChildText('BINVAL')
  const bytes = photo === undefined ? undefined : findBase64(photo)
  const filtered: Vcard = {
    element: (card ?? xml('vCard', { xmlns: NS_VCARD })).toString(),
    photoSha1: bytes ? hashOfImage('sha-1', bytes).toString('hex') : null,
    filterVersion: FILTER_VERSION,
  }
  if (isSettled) await putVcard(ctx.db, account.id, filtered)
  return filtered
}

async function filterElement(
  root: Element,
  parties: (root: Element) => Parties,
  ctx: Context,
): Promise<{ readonly element: Element; readonly isSettled: boolean }> {
  const around = aroundOf('stored', parties(root), ctx)
  // An image that cannot be checked now is not shown now; nothing is lost.
  let isSettled = true
  await filterImages(root, {
    ...around,
    lookups: {
      ...around.lookups,
      async clean(...asked) {
        try {
          return await around.lookups.clean(...asked)
        } catch (error) {
          if (error instanceof StanzaFault && error.type === 'wait') isSettled = false
          throw error
        }
      },
    },
  })
  return { element: root, isSettled }
}

function partiesOf({ attrs: { from = '', to } }: Element): Parties {
  const bare = (jid: string) => findJid(jid)?.bareString ?? jid
  return { from: bare(from), to: to === undefined ? undefined : bare(to) }
}

/** What we did not write may be anything. */
function parseOrReplace(text: string): Element {
  try {
    return parseStored(text)
  } catch {
    return xml('message', { xmlns: NS_CLIENT }, xml('body', {}, '[removed]'))
  }
}
