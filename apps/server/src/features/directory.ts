import { Refusal } from '@drawbridge/contract'
import { findVcard, listVcardNames } from '@drawbridge/db'
import { TokenBucket } from '@drawbridge/runtime'
import {
  buildSearchFields,
  buildSearchResult,
  C2S_LIMITS,
  NS_RSM,
  NS_SEARCH,
  pageOf,
  parseElement,
  parseRsm,
  parseSearch,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { Element, Found, Search } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, DomainEvents, IqRequest } from '../routing/feature.ts'
import { perSession } from '../routing/kept.ts'
import type { Session } from '../stream/session.ts'

/** People in one answer. */
const PAGE_MAX = 50
/** Longest text to look for, in characters, and most words of it that count. */
const TEXT_MAX = 100
const WORDS_MAX = 8
/** Searches of one session at once, and per second for long: as fast as somebody types. */
const BURST = 20
const PER_SECOND = 4

/** The names people gave themselves, by account id; only those that the company does not name. */
const ownNames = new WeakMap<Context, Map<string, string>>()
/** What an account is found by. A changed account is another object. */
const indexed = new WeakMap<Account, { readonly name: string; readonly words: string }>()

/**
 * XEP-0055: Jabber Search, over everybody who has an account here, at the server's own address. The company's name for a
 * person counts; whoever has none is found by the name in the vCard. Who keeps to a unit is found in it only (SP-18).
 */
export const directory = defineFeature({
  name: 'directory',
  implements: [{ xep: 55, version: '1.3' }],
  disco: [NS_SEARCH],
  identities: { server: [{ category: 'directory', type: 'user', name: 'People' }] },
  iq: [
    { type: 'get', to: 'server', xmlns: NS_SEARCH, name: 'query', handle: fields },
    { type: 'set', to: 'server', xmlns: NS_SEARCH, name: 'query', handle: search },
  ],
  on: {
    'vcard.changed': followVcard,
    'account.deleted': leaveUnits,
  },
  async start(ctx) {
    const names = new Map<string, string>()
    for (const { accountId, fullName, nick } of await listVcardNames(ctx.db)) {
      const name = textOf(fullName) || textOf(nick)
      if (name !== '') names.set(accountId, name)
    }
    ownNames.set(ctx, names)
  },
})

function fields(_query: Element, { session }: IqRequest, ctx: Context): Element {
  const mine = ctx.units.of(session.account.bareJid)
  return buildSearchFields([...ctx.units.all()].filter((unit) => unit.directory === 'everybody' || mine.includes(unit)))
}

function search(query: Element, { session }: IqRequest, ctx: Context): Element {
  refuseFlood(session, ctx)
  const { search: wanted, isForm } = parseSearch(query)
  const page = parseRsm(query, PAGE_MAX)
  const all = findPeople(wanted, session.account, ctx)
  const part = pageOf(all, ({ jid }) => jid, page)
  const first = part.page[0]?.jid
  const set = { first, firstIndex: part.firstIndex, last: part.page.at(-1)?.jid, count: all.length }
  // §2.1 wants an empty answer when there is nobody; who asks for pages gets their number all the same.
  const isPaged = query.getChild('set', NS_RSM) !== undefined || part.page.length < all.length
  return buildSearchResult(part.page, isForm, isPaged ? set : undefined)
}

function findPeople(wanted: Search, seeker: Account, ctx: Context): Found[] {
  const [name, nick, unit] = [wanted.name, wanted.nick, wanted.unit].map((text) => text?.slice(0, TEXT_MAX))
  if (name === undefined && nick === undefined && unit === undefined) {
    throw new StanzaFault({ condition: 'bad-request', text: 'Say who you are looking for.' })
  }
  const words = wordsOf(name ?? '')
    .slice(0, WORDS_MAX)
    .map((word) => ` ${word}`)
  const start = fold(nick ?? '')
  const unitWords = wordsOf(unit ?? '')
  const found: Found[] = []
  for (const account of ctx.accounts.all()) {
    if (account.isDisabled) continue
    const entry = entryOf(account, ctx)
    if (!words.every((word) => entry.words.includes(word)) || !account.localpart.startsWith(start)) continue
    if (!ctx.units.mayFind(seeker.bareJid, account.bareJid)) continue
    const units = ctx.units
      .of(account.bareJid)
      .filter(({ directory, members }) => directory === 'everybody' || members.has(seeker.bareJid))
    const isIn = units.some(
      (one) => one.name === unit || unitWords.every((word) => ` ${fold(one.displayName)}`.includes(` ${word}`)),
    )
    if (unit !== undefined && !isIn) continue
    found.push({
      jid: account.bareJid,
      name: entry.name,
      nick: account.localpart,
      units: units.map(({ displayName }) => displayName),
    })
  }
  return found.toSorted((a, b) => compare(a.name, b.name) || compare(a.jid, b.jid))
}

const { compare } = new Intl.Collator('en', { sensitivity: 'base', numeric: true })

function entryOf(account: Account, ctx: Context) {
  let entry = indexed.get(account)
  if (!entry) {
    const name = account.displayName ?? ownNames.get(ctx)?.get(account.id) ?? account.localpart
    entry = { name, words: ` ${wordsOf(`${name} ${account.localpart}`).join(' ')}` }
    indexed.set(account, entry)
  }
  return entry
}

/** As people type it: without case, accents and width. */
function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

function wordsOf(text: string): string[] {
  return fold(text)
    .split(/[\s,;.@_-]+/u)
    .filter((word) => word !== '')
}

const searchesOf = perSession(() => new TokenBucket(PER_SECOND, BURST))

function refuseFlood(session: Session, ctx: Context): void {
  if (!searchesOf(session).take(ctx.now().getTime())) throw new Refusal('rate-limited')
}

async function followVcard({ owner }: DomainEvents['vcard.changed'], ctx: Context): Promise<void> {
  const row = await findVcard(ctx.db, owner.id)
  const card = row && parseElement(row.element, C2S_LIMITS)
  const name = (card?.getChildText('FN') || card?.getChildText('NICKNAME') || '').trim().slice(0, 1_000)
  if (name === '') ownNames.get(ctx)?.delete(owner.id)
  else ownNames.get(ctx)?.set(owner.id, name)
  indexed.delete(ctx.accounts.findById(owner.id) ?? owner)
}

/** Whoever is gone is in no unit; a later account of the same name inherits none. */
function leaveUnits({ localpart }: DomainEvents['account.deleted'], ctx: Context): void {
  const jid = `${localpart}@${ctx.domain}`
  for (const before of ctx.units.of(jid)) {
    const after = { ...before, members: before.members.difference(new Set([jid])) }
    ctx.units.put(after)
    ctx.emit('unit.changed', { before, after })
  }
}

/** The text of escaped XML text. */
function textOf(escaped: string | null): string {
  return escaped === null ? '' : parseElement(`<x>${escaped}</x>`, C2S_LIMITS).getText().trim()
}
