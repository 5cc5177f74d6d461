import { NO_IDENTITY } from '@drawbridge/policy'
import { keyOf } from '../../blobs/link.ts'
import type { Link } from '../../blobs/link.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { readerFrom } from './reader.ts'
import type { KnownReader } from './reader.ts'

/**
 * The right to put one file, once, and to ask what became of it: a signed statement about whom the slot was given to
 * (control §3.4). Nothing of it is kept, so that it is good for after a restart, and on every node.
 */
export function putTokenFor(link: Link, session: Session, ctx: Context): string {
  return ctx.mediaLinks.queryFor(purposeOf(keyOf(link)), session, ctx.now()).slice('?s='.length)
}

/** Whom the token was given to; nobody if it is none of ours, or that of another slot. */
export function bearerOf(
  authorization: string | undefined,
  key: string,
  ctx: Context,
): KnownReader | 'gone' | undefined {
  const token = /^Bearer ([\w-]{60,1100})$/.exec(authorization ?? '')?.[1]
  const holder = token === undefined ? undefined : ctx.mediaLinks.holderOf(purposeOf(key), `?s=${token}`, ctx.now())
  if (!holder) return undefined
  const { account, client = NO_IDENTITY } = readerFrom(holder, ctx)
  if (account === 'gone' || account === undefined) return 'gone'
  const signedInAt = new Date('tier' in holder.client ? 0 : holder.client.signedInAt)
  return { account, client, signedInAt }
}

/** What is signed for one purpose is of no use for the other. */
const purposeOf = (key: string) => `put ${key}`
