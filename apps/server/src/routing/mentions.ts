import { findJid, NS_REFERENCE, NS_REPLY } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'

/** How far into a text names are looked for, in characters: everybody who is away is looked for. */
const TEXT_MAX = 4_000
/** Most mentions of a message that count. */
const MENTIONS_MAX = 100

/** Who is meant by a message, in whatever way clients say so. */
export interface Mentions {
  /** @param addresses - bare JIDs and occupant JIDs of one person. @param names - what others call that person. */
  has(addresses: readonly string[], names: readonly string[]): boolean
}

/** XEP-0492 §3: a reply (XEP-0461) or a mention (XEP-0372) of somebody, or the name in the text. Linear in its length. */
export function mentionsIn(message: Element): Mentions {
  const meant = new Set<string>()
  const reply = findJid(message.getChild('reply', NS_REPLY)?.attrs['to'])
  if (reply) meant.add(reply.toString())
  for (const { attrs } of message.getChildren('reference', NS_REFERENCE).slice(0, MENTIONS_MAX)) {
    const address = attrs['type'] === 'mention' ? addressIn(attrs['uri']) : undefined
    if (address !== undefined) meant.add(address)
  }
  const text = (message.getChildText('body') ?? '').slice(0, TEXT_MAX).toLowerCase()
  return {
    has: (addresses, names) =>
      addresses.some((address) => meant.has(address)) || names.some((name) => isSpelledOut(name.toLowerCase(), text)),
  }
}

/** RFC 5122 §2: `xmpp:room@service/nick?…`, with escapes. */
function addressIn(uri = ''): string | undefined {
  if (!uri.startsWith('xmpp:')) return undefined
  try {
    return findJid(decodeURIComponent(uri.slice('xmpp:'.length).split('?', 1)[0] ?? ''))?.toString()
  } catch {
    return undefined
  }
}

const IN_WORD = /[\p{L}\p{N}]/u

/** A name counts as a word of its own: `Al` is not in `all`. */
function isSpelledOut(name: string, text: string): boolean {
  if (name === '') return false
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const [before, after] = [text[at - 1], text[at + name.length]]
    if (!(before && IN_WORD.test(before)) && !(after && IN_WORD.test(after))) return true
  }
  return false
}
