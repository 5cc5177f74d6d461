import { createHmac, timingSafeEqual } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import * as z from 'zod'
import { OFFLINE_SCOPES } from './offline-token.ts'

/** More than anybody gives without a database. */
const MAX_ORDERS = 1_000
const MAX_SPENT = 10_000

const order = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cut'),
    /** Of the suspension that it becomes. */
    id: z.uuid(),
    reason: z.string(),
    by: z.string(),
    at: z.coerce.date(),
    /** Number of the token on paper that it came from. */
    token: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('end'),
    id: z.uuid(),
    /** Absent: every cut of the whole service. */
    suspension: z.string().optional(),
    by: z.string(),
    at: z.coerce.date(),
  }),
])

const spentToken = z.strictObject({
  nonce: z.string(),
  until: z.coerce.date(),
  /** What was done with it here, until the database knows. */
  use: z.strictObject({ scope: z.enum(OFFLINE_SCOPES), by: z.string(), at: z.coerce.date() }).optional(),
})

const document = z.strictObject({
  orders: z.array(order).max(MAX_ORDERS),
  /** Tokens that were used here, or elsewhere as far as this node knows, until they are over. */
  spent: z.array(spentToken).max(MAX_SPENT),
})

/** A token that was used. */
export type SpentToken = z.output<typeof spentToken>
/** One that was used here, which the database does not know yet. */
export type UnnotedToken = SpentToken & { readonly use: NonNullable<SpentToken['use']> }

/** What was ordered on this node while the database could not be asked, and is not written down there yet. */
export type Order = z.output<typeof order>
export type CutOrder = Extract<Order, { readonly kind: 'cut' }>
export type EndOrder = Extract<Order, { readonly kind: 'end' }>

/** The file of orders: it is written through to the disk before anybody is told that something was done. */
export interface Orders {
  /** Oldest first. */
  readonly all: readonly Order[]
  add(order: Order): void
  /** It is in the database now. */
  drop(id: string): void
  /** Whether this node knows that a token was used. */
  isSpent(nonce: string): boolean
  /** Takes a token, once. False: it was used before. */
  spend(token: SpentToken, now: Date): boolean
  readonly unnoted: readonly UnnotedToken[]
  /** The database knows that these were used. */
  learn(tokens: readonly Pick<SpentToken, 'nonce' | 'until'>[], now: Date): void
}

/**
 * Opens the file (0600), or begins one. Its MAC is made with a key that only this server has.
 *
 * @throws Error when somebody else has changed it: then nobody knows whether the service is to be cut off.
 */
export function openOrders(file: string, key: Buffer): Orders {
  let { orders, spent } = read(file, key)
  const save = () => write(file, key, { orders, spent })
  return {
    get all() {
      return orders
    },
    add(added) {
      if (orders.length >= MAX_ORDERS) throw new Error('too many orders wait for the database')
      orders = [...orders, added]
      save()
    },
    drop(id) {
      orders = orders.filter((kept) => kept.id !== id)
      save()
    },
    isSpent: (nonce) => spent.some((known) => known.nonce === nonce),
    spend(token, now) {
      if (spent.some(({ nonce }) => nonce === token.nonce)) return false
      const valid = spent.filter((known) => known.until > now)
      if (valid.length >= MAX_SPENT) throw new Error('too many tokens are remembered')
      spent = [...valid, token]
      save()
      return true
    },
    get unnoted() {
      return spent.filter((token): token is UnnotedToken => token.use !== undefined)
    },
    learn(tokens, now) {
      const noted = new Set(spent.flatMap(({ nonce, use }) => (use ? [] : [nonce])))
      const news = tokens.filter(({ nonce }) => !noted.has(nonce))
      if (news.length === 0) return
      const ids = new Set(news.map(({ nonce }) => nonce))
      const kept = spent.filter(({ nonce, until }) => until > now && !ids.has(nonce))
      spent = [...kept, ...news.map(({ nonce, until }) => ({ nonce, until }))].slice(-MAX_SPENT)
      save()
    },
  }
}

function read(file: string, key: Buffer): z.output<typeof document> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { orders: [], spent: [] }
    throw error
  }
  const [mac = '', body = ''] = text.split('\n')
  const expected = macOf(key, body)
  const given = Buffer.from(mac, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Error(
      `${file} was changed by somebody else. It says whether this node is cut off: look at it, and remove it to begin anew.`,
    )
  }
  return document.parse(JSON.parse(body))
}

function write(file: string, key: Buffer, value: z.output<typeof document>): void {
  const body = JSON.stringify(value)
  const temporary = `${file}.new`
  const descriptor = openSync(temporary, 'w', 0o600)
  try {
    writeSync(descriptor, `${macOf(key, body).toString('hex')}\n${body}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, file)
}

function macOf(key: Buffer, body: string): Buffer {
  return createHmac('sha256', key).update(body).digest()
}
