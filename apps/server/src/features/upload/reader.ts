import type { ClientIdentity } from '@drawbridge/policy'
import { UPLOAD_PATH } from '../../blobs/link.ts'
import type { Holder } from '../../blobs/media-link.ts'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'

/** Who asks for a file, as far as the link says. */
export interface Reader {
  /** The account the link was given to, as it is now; `gone` when it may no longer sign in. */
  readonly account?: Account | 'gone'
  /** Absent: a plain link, one that is too old, or one of a session that ended before its client was known. */
  readonly client?: ClientIdentity | undefined
  /** The room that it was given in, by its bare JID. */
  readonly room?: string | undefined
}

/** Somebody whom links can be given to. */
export interface KnownReader {
  readonly account: Account
  readonly client: ClientIdentity
  readonly signedInAt: Date
}

/** The account and the client that a link was given to (control §3.4). */
export function readerOf(url: URL, ctx: Context): Reader {
  const key = url.pathname.slice(UPLOAD_PATH.length).split('/', 1)[0] ?? ''
  const holder = ctx.mediaLinks.holderOf(key, url.search, ctx.now())
  return holder ? readerFrom(holder, ctx) : {}
}

/** What is known by now of whom something was given to. */
export function readerFrom({ accountId, client, room }: Holder, ctx: Context): Reader {
  const account = ctx.accounts.findById(accountId)
  if (!account || account.isDisabled) return { account: 'gone' }
  const sessions = ctx.sessions.of(account.bareJid)
  if ('tier' in client) return { account, client: asOfNow(client, sessions), room }
  const session = sessions.find(({ signedInAt }) => signedInAt.getTime() === client.signedInAt)
  return { account, client: session?.client, room }
}

/**
 * What was proved lasts minutes, and the link days: it counts as long as a session of the same client proves it still. One
 * that is on another node is not seen here, and then the client is what it says.
 */
function asOfNow(client: ClientIdentity, sessions: readonly { readonly client: ClientIdentity }[]): ClientIdentity {
  if (!isProved(client)) return client
  const { family, version } = client
  const session = sessions.find((one) => {
    return one.client.family === family && one.client.version === version && isProved(one.client)
  })
  return session?.client ?? { ...client, tier: 'E1' }
}

const isProved = ({ tier }: ClientIdentity) => tier === 'E3' || tier === 'E4'
