import {
  findVcard,
  hashOfImage,
  putFilteredMessage,
  putFilteredPepItem,
  putFilteredRequest,
  putVcard,
} from '@drawbridge/db'
import type { ArchivedMessage, PepItem, PresenceRequest, Vcard } from '@drawbridge/db'
import { FILTER_VERSION, filterImages } from '@drawbridge/image-filter'
import {
  findBase64,
  findJid,
  NS_AVATAR_METADATA,
  NS_CLIENT,
  NS_PUBSUB,
  NS_VCARD,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'
import { aroundOf, RecalledImage } from './image-lookups.ts'
import type { Parties } from './image-lookups.ts'
import { hasRecalls, mayHoldRecalled, senderOf, withoutRecalled, withoutRecalledInfo } from './recalled.ts'
import { parseStored } from './parse-stored.ts'

// Images §1, rule 4: what an older version of the filter let in, or none did, passes the one in force before anybody sees
// it. It is written back, so that this happens once.

type Stored = Pick<ArchivedMessage, 'id' | 'stanza' | 'sentAt' | 'filterVersion' | 'retraction'>

/**
 * Messages as they may be shown, without images that are recalled. The same ones, at once, when the filter in force has
 * let them all in and nothing is recalled.
 */
export async function filterMessages<M extends Stored>(messages: readonly M[], ctx: Context): Promise<readonly M[]> {
  const filtered = await passAll(messages, ctx)
  if (!hasRecalls(ctx)) return filtered
  return filtered.map((message) => {
    if (!mayHoldRecalled(message.stanza, ctx)) return message
    const element = parseOrReplace(message.stanza)
    const provenance = { from: senderOf(element), sentAt: message.sentAt }
    return withoutRecalled(element, provenance, ctx) ? { ...message, stanza: element.toString() } : message
  })
}

async function passAll<M extends Stored>(messages: readonly M[], ctx: Context): Promise<readonly M[]> {
  if (messages.every(isFiltered)) return messages
  const filtered: M[] = []
  // One after the other: a page may hold many images, and the sanitizer has others to serve.
  for (const message of messages) filtered.push(isFiltered(message) ? message : await filterMessage(message, ctx))
  return filtered
}

/** Whether the filter in force has let a message in, and what retracted it. */
export function isFiltered({ filterVersion, retraction }: Pick<Stored, 'filterVersion' | 'retraction'>): boolean {
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

async function filterRow({ id, stanza, filterVersion }: Pick<Stored, 'id' | 'stanza' | 'filterVersion'>, ctx: Context) {
  if (filterVersion >= FILTER_VERSION) return { stanza, filterVersion }
  const { element, isSettled } = await filterElement(parseOrReplace(stanza), partiesOf, ctx)
  const text = element.toString()
  if (isSettled) await putFilteredMessage(ctx.db, id, text, FILTER_VERSION)
  return { stanza: text, filterVersion: FILTER_VERSION }
}

type StoredItem = Pick<PepItem, 'node' | 'itemId' | 'payload' | 'filterVersion'> & Partial<Pick<PepItem, 'publishedAt'>>

/** The payload of an item as it may be shown, without images that are recalled. */
export async function filterItem<I extends StoredItem>(
  owner: Pick<Account, 'id' | 'bareJid'>,
  item: I,
  ctx: Context,
): Promise<I> {
  const filtered = await passItem(owner, item, ctx)
  const isMetadata = item.node === NS_AVATAR_METADATA && hasRecalls(ctx)
  if (!isMetadata && !mayHoldRecalled(filtered.payload, ctx)) return filtered
  const wrapped = xml('item', { xmlns: NS_PUBSUB }, parseOrReplace(filtered.payload))
  const provenance = { from: owner.bareJid, sentAt: item.publishedAt }
  const hasLost = isMetadata
    ? await withoutRecalledInfo(wrapped, provenance, ctx)
    : withoutRecalled(wrapped, provenance, ctx)
  return hasLost ? { ...filtered, payload: payloadOf(wrapped) } : filtered
}

async function passItem<I extends StoredItem>(
  owner: Pick<Account, 'id' | 'bareJid'>,
  item: I,
  ctx: Context,
): Promise<I> {
  if (item.filterVersion >= FILTER_VERSION) return item
  const wrapped = xml('item', { xmlns: NS_PUBSUB }, parseOrReplace(item.payload))
  const { element, isSettled } = await filterElement(wrapped, () => ({ from: owner.bareJid }), ctx)
  const filtered = { ...item, payload: payloadOf(element), filterVersion: FILTER_VERSION }
  if (isSettled) await putFilteredPepItem(ctx.db, owner.id, filtered)
  return filtered
}

/** What nothing is left of is an item without content, in nobody's namespace. */
function payloadOf(wrapper: Element): string {
  return (wrapper.getChildElements()[0] ?? xml('removed', { xmlns: 'urn:drawbridge:image:1' })).toString()
}

/** The vCard of an account as it may be shown (XEP-0054), without pictures that are recalled. */
export async function findShownVcard(account: Account, ctx: Context): Promise<Vcard | undefined> {
  const row = await findFilteredVcard(account, ctx)
  if (!row || !mayHoldRecalled(row.element, ctx)) return row
  const wrapped = xml('item', { xmlns: NS_PUBSUB }, parseOrReplace(row.element))
  if (!withoutRecalled(wrapped, { from: account.bareJid, sentAt: row.updatedAt }, ctx)) return row
  const hasPhoto = wrapped.getChild('vCard', NS_VCARD)?.getChild('PHOTO') !== undefined
  return { ...row, element: payloadOf(wrapped), photoSha1: hasPhoto ? row.photoSha1 : null }
}

/** A request for presence that waits, as its contact may see it (RFC 6121 §3.1.3). */
export async function filterRequest(
  owner: Account,
  jid: string,
  { stanza, filterVersion }: PresenceRequest,
  ctx: Context,
): Promise<string> {
  if (filterVersion >= FILTER_VERSION) return stanza
  const parsed = parseOrReplace(stanza)
  const attrs = { xmlns: NS_CLIENT, type: 'subscribe', from: jid, to: owner.bareJid }
  const { element, isSettled } = await filterElement(
    parsed.is('presence') ? parsed : xml('presence', attrs),
    partiesOf,
    ctx,
  )
  const text = element.toString()
  if (isSettled) await putFilteredRequest(ctx.db, owner.id, jid, { stanza: text, filterVersion: FILTER_VERSION })
  return text
}

/** A vCard of this address that an older filter had let in, as it may be kept; and whether all of it could be checked. */
export async function filterVcard(
  text: string,
  from: string,
  ctx: Context,
): Promise<{ readonly card: Element; readonly isSettled: boolean }> {
  const root = xml('item', { xmlns: NS_PUBSUB }, parseOrReplace(text))
  const { element, isSettled } = await filterElement(root, () => ({ from }), ctx)
  return { card: element.getChild('vCard', NS_VCARD) ?? xml('vCard', { xmlns: NS_VCARD }), isSettled }
}

/** The vCard of an account as it may be kept and worked on. */
export async function findFilteredVcard(account: Account, ctx: Context): Promise<Vcard | undefined> {
  const row = await findVcard(ctx.db, account.id)
  if (!row || row.filterVersion >= FILTER_VERSION) return row
  const { card, isSettled } = await filterVcard(row.element, account.bareJid, ctx)
  const photo = card.getChild('PHOTO')?.getChildText('BINVAL')
  const bytes = photo === undefined ? undefined : findBase64(photo)
  const filtered: Vcard = {
    ...row,
    element: card.toString(),
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
  // An image that cannot be checked now, or is recalled, is not shown now; nothing is lost.
  let isSettled = true
  await filterImages(root, {
    ...around,
    lookups: {
      ...around.lookups,
      async clean(...asked) {
        try {
          return await around.lookups.clean(...asked)
        } catch (error) {
          if (error instanceof RecalledImage) isSettled = false
          if (error instanceof StanzaFault && error.type === 'wait') isSettled = false
          throw error
        }
      },
    },
  })
  return { element: root, isSettled }
}

/** Who speaks in a stored stanza, and to whom. */
export function partiesOf({ attrs: { from = '', to } }: Element): Parties {
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
