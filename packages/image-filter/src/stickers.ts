import { NS_FILE_METADATA, NS_HASHES, NS_SFS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Lookups, Visited } from './around.ts'
import { buildHash, buildMetadata, keepOwnSource, NS_STICKERS } from './files.ts'
import type { Pass } from './pass.ts'
import { cut, reduce } from './walk.ts'

const MAX_STICKERS = 200
const SEPARATORS = { field: '\x1f', record: '\x1e', group: '\x1d', file: '\x1c' } as const

/**
 * Row 18. A pack keeps the stickers that are uploads of ours and gets the hash of what it has become; a reference to a
 * pack of the sender names that, and any other goes.
 */
export function rewriteStickers({ element }: Visited, pass: Pass): void {
  if (element.name === 'pack') pass.later.push(() => rewritePack(element, pass))
  else if (element.name === 'sticker') rewriteReference(element, pass)
  else if (element.parent?.getNS() !== NS_STICKERS) cut(element)
}

function rewriteReference(element: Element, pass: Pass): void {
  const { pack } = element.attrs
  element.attrs = { xmlns: NS_STICKERS }
  element.children = []
  if (pack === undefined) return cut(element)
  pass.later.push(async () => {
    const known = await pass.lookups.findPack(pack)
    if (known !== undefined) element.attrs['pack'] = known
    else if (pass.around.isRenewal) element.attrs['pack'] = pack
    else cut(element)
  })
}

async function rewritePack(pack: Element, { lookups, around }: Pass): Promise<void> {
  const texts = pack
    .getChildElements()
    .filter((child) => child.is('name', NS_STICKERS) || child.is('summary', NS_STICKERS))
  for (const text of texts) reduce(text, ['xml:lang'], 'text')
  const restricted = pack.getChild('restricted', NS_STICKERS)
  if (restricted) reduce(restricted, [], [])
  const items = pack.getChildren('item', NS_STICKERS)
  reduce(pack, [], [...texts, ...items, ...(restricted ? [restricted] : [])])
  for (const [index, item] of items.entries()) {
    const all = index < MAX_STICKERS ? item.getChildren('sources', NS_SFS) : []
    const own = keepOwnSource(all, (link) => lookups.isOwnLink(link))
    const file = own && (await lookups.findFile(own.url))
    const before = item.getChild('file', NS_FILE_METADATA)
    if (!file && around.isRenewal) continue
    if (!file || !before) {
      cut(item)
      continue
    }
    const words = item.getChildren('suggest', NS_STICKERS)
    for (const word of words) reduce(word, ['xml:lang'], 'text')
    reduce(item, [], [])
    item.append(buildMetadata(file, before, NS_SFS), own.sources, words)
  }
  pack.append(buildHash(packHash(pack, lookups)))
}

/** §4.1.2: the id of a pack as it is now, the first 144 bits of its hash; `undefined` for one without a hash. */
export function packId(pack: Element): string | undefined {
  return pack.getChildText('hash', NS_HASHES)?.slice(0, 24)
}

/** §4.1.2, with the order of octets, which for UTF-8 is that of code points. */
function packHash(pack: Element, lookups: Lookups): Uint8Array {
  const { field, record, group, file } = SEPARATORS
  const meta = pack
    .getChildElements()
    .filter(({ name }) => name === 'name' || name === 'summary')
    .map(({ name, attrs, ...element }) => [name, attrs['xml:lang'] ?? '', textOf(element.children)])
    .map((parts) => parts.map((part) => part + field).join('') + record)
  const stickers = pack.getChildren('item').map((item) => {
    const described = item.getChild('file')
    const desc = described?.getChildren('desc').find(({ attrs }) => attrs['xml:lang'] === undefined)
    const hashes = described
      ?.getChildren('hash')
      .map((hash) => (hash.attrs['algo'] ?? '') + field + hash.getText() + field + record)
    return (desc?.getText() ?? '') + record + sorted(hashes ?? []).join('') + group
  })
  const text = sorted(meta).join('') + file + sorted(stickers).join('') + file
  return lookups.digest('sha-256', new TextEncoder().encode(text))
}

function textOf(children: Element['children']): string {
  return children.filter((child) => typeof child === 'string').join('')
}

/** By code points: UTF-16 would put what lies beyond the first plane before the end of it. */
function sorted(texts: readonly string[]): string[] {
  const encoder = new TextEncoder()
  const keyed = texts.map((text) => ({ text, octets: encoder.encode(text) }))
  return keyed.toSorted((a, b) => compare(a.octets, b.octets)).map(({ text }) => text)
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
