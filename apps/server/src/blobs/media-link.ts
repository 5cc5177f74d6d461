import { NO_IDENTITY, UNREADABLE_FAMILY } from '@drawbridge/policy'
import type { ClientIdentity } from '@drawbridge/policy'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { SECRET_BYTES } from './link.ts'
import type { Link } from './link.ts'

/** The session that a link is given to. */
interface Reader {
  readonly account: { readonly id: string }
  readonly client: ClientIdentity
  readonly signedInAt: Date
}

/** Whom a link was given to. */
export interface Holder {
  readonly accountId: string
  /** What the client was known to be; or, if it had not said that yet, which session it was: by now the session may know. */
  readonly client: ClientIdentity | { readonly signedInAt: number }
  /** The room that it was given in, by its bare JID. */
  readonly room?: string
}

/**
 * Binds links to the sessions that get them (control §3.4). A link as it is stored names a file and nobody; on its way
 * out it gets a query that says, signed by us, whom it went to. Nothing of that is kept here: it costs no row and no
 * look-up, and whether the holder may read is decided anew at each request.
 */
export interface MediaLinks {
  /**
   * The query, from `?` on, that makes a session's own the link to one file. For a while it is the same for the same
   * client, so that browsers find again what they have.
   *
   * @param key - the part of the link's path that identifies the file.
   */
  queryFor(key: string, reader: Reader, at: Date, room?: string): string
  /** Whom the link with this query was given to; nobody if it has none, or one that is forged, of another file or too old. */
  holderOf(key: string, query: string, at: Date): Holder | undefined
  /** The link to a file that is made of another one. It can be made again, so that nothing of its secret is kept. */
  linkTo(id: string): Link
  /** Whether this is that link, and not one that somebody guessed. */
  isLinkTo(link: Link): boolean
}

const QUERY = /^\?s=([\w-]{60,900})$/
const MAC_BYTES = 16
const TIME_BYTES = 6
const ID_BYTES = 16
/** Longest description of a client, in bytes; longer ones are taken for unreadable. */
const CLIENT_MAX_BYTES = 512
const ROOM_MAX_BYTES = 120
const DAY_MS = 86_400_000

/**
 * @param secret - 32 bytes, the same on every node.
 * @param ttlMs - how long a link stays bound, at most; it may be a seventh less, since times are rounded down.
 */
export function createMediaLinks(secret: Buffer, ttlMs: number): MediaLinks {
  const stepMs = Math.min(DAY_MS, Math.ceil(ttlMs / 7))
  const macOf = (key: string, body: Buffer) =>
    createHmac('sha256', secret).update(`${key}\0`).update(body).digest().subarray(0, MAC_BYTES)
  const linkTo = (id: string): Link => {
    const mac = createHmac('sha256', secret).update(`link\0${id}`).digest()
    return { id, secret: mac.subarray(0, SECRET_BYTES) }
  }
  return {
    linkTo,
    isLinkTo: (link) => link.secret.length === SECRET_BYTES && timingSafeEqual(link.secret, linkTo(link.id).secret),
    queryFor(key, reader, at, room) {
      const body = Buffer.concat([
        Buffer.alloc(TIME_BYTES),
        Buffer.from(reader.account.id.replaceAll('-', ''), 'hex'),
        packed(reader),
        packedRoom(room),
      ])
      body.writeUIntBE(Math.floor(at.getTime() / stepMs) * stepMs, 0, TIME_BYTES)
      return `?s=${Buffer.concat([macOf(key, body), body]).toString('base64url')}`
    },
    holderOf(key, query, at) {
      const bytes = Buffer.from(QUERY.exec(query)?.[1] ?? '', 'base64url')
      const body = bytes.subarray(MAC_BYTES)
      if (body.length === 0 || !timingSafeEqual(bytes.subarray(0, MAC_BYTES), macOf(key, body))) return undefined
      if (at.getTime() >= body.readUIntBE(0, TIME_BYTES) + ttlMs) return undefined
      const id = body.toString('hex', TIME_BYTES, TIME_BYTES + ID_BYTES)
      return {
        accountId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
        ...unpacked(body.subarray(TIME_BYTES + ID_BYTES)),
      }
    },
  }
}

/** What rules look at, in few letters: the link is read by people, too. */
type Packed =
  | readonly [signedInAt: number]
  | readonly [
      tier: ClientIdentity['tier'],
      isSuspect: number,
      family: string,
      version: string | 0,
      claims: readonly (readonly [family: string, version?: string])[],
      os?: string,
    ]

function packed({ client, signedInAt }: Reader): Buffer {
  const { tier, isSuspect, family, version, claims, os } = client
  const values: Packed =
    family === undefined
      ? [signedInAt.getTime()]
      : [
          tier,
          Number(isSuspect),
          family,
          version ?? 0,
          claims.map((claim) => pairOf(claim)),
          ...(os === undefined ? ([] as const) : ([os] as const)),
        ]
  const bytes = Buffer.from(JSON.stringify(values))
  if (bytes.length <= CLIENT_MAX_BYTES) return bytes
  const unreadable: Packed = [tier, 1, UNREADABLE_FAMILY, 0, [[UNREADABLE_FAMILY]]]
  return Buffer.from(JSON.stringify(unreadable))
}

function pairOf({ family, version }: ClientIdentity['claims'][number]): [string, string?] {
  return version === undefined ? [family] : [family, version]
}

/** After the client, on a line of its own: JSON has no line breaks. A longer name leaves no space for the rest of the link. */
function packedRoom(room: string | undefined): Buffer {
  const bytes = Buffer.from(room === undefined ? '' : `\n${room}`)
  return bytes.length > ROOM_MAX_BYTES ? Buffer.alloc(0) : bytes
}

/** Our own signature is on it, so it has the form that `packed` gave it. */
function unpacked(bytes: Buffer): Pick<Holder, 'client' | 'room'> {
  const [client = '', room] = bytes.toString().split('\n', 2)
  return { client: clientFrom(client), ...(room === undefined ? {} : { room }) }
}

function clientFrom(text: string): Holder['client'] {
  const values = JSON.parse(text) as Packed
  if (values.length === 1) return { signedInAt: values[0] }
  const [tier, isSuspect, family, version, claims, os] = values
  return {
    ...NO_IDENTITY,
    tier,
    source: 'link',
    isSuspect: isSuspect !== 0,
    family,
    ...(version === 0 ? {} : { version }),
    ...(os === undefined ? {} : { os }),
    claims: claims.map(([name, claimed]) =>
      claimed === undefined ? { family: name } : { family: name, version: claimed },
    ),
  }
}
