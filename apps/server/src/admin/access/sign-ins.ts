import { findAdminSession, insertAdminSession, touchAdminSession } from '@drawbridge/db'
import type { Account as AccountRow, AdminSession, Db } from '@drawbridge/db'
import { createHash, randomBytes } from 'node:crypto'
import type { AdminConfig } from './admin.config.ts'

/** A session in use is noted that often, in milliseconds: not every request is a write. */
const TOUCH_MS = 60_000
/** A header is as long as its sender likes. */
const USER_AGENT_CHARACTERS = 256

/** Of whom a session is, and how it began. */
export interface NewSignIn {
  readonly accountId: string
  readonly isCookie: boolean
  readonly hasSecondFactor: boolean
  readonly address: string
  readonly userAgent: string
}

/**
 * Sign-ins of administrators. They are in the database, so that every node knows them and a restart signs nobody out;
 * only hashes are, so that no dump signs anybody in.
 */
export interface SignIns {
  begin(signIn: NewSignIn): Promise<{ readonly token: string; readonly session: AdminSession }>
  /** The session of a token of this kind, with the account as it is now. Noted as in use, unless it is only looked at. */
  find(
    token: string,
    how: { readonly isCookie: boolean; readonly isPassive?: boolean },
  ): Promise<{ session: AdminSession; account: AccountRow } | undefined>
}

export function createSignIns(
  db: Db,
  { sessionIdleMs, sessionMaxMs }: Pick<AdminConfig, 'sessionIdleMs' | 'sessionMaxMs'>,
  now: () => Date,
): SignIns {
  const seenAfter = () => new Date(now().getTime() - sessionIdleMs)
  return {
    async begin({ userAgent, ...signIn }) {
      const token = randomBytes(32).toString('base64url')
      const createdAt = now()
      const row = {
        ...signIn,
        tokenHash: hashOf(token),
        userAgent: userAgent.slice(0, USER_AGENT_CHARACTERS),
        createdAt,
        expiresAt: new Date(createdAt.getTime() + sessionMaxMs),
      }
      return { token, session: await insertAdminSession(db, row, seenAfter()) }
    },
    async find(token, { isCookie, isPassive = false }) {
      const found = await findAdminSession(db, hashOf(token), { now: now(), seenAfter: seenAfter() })
      if (!found || found.session.isCookie !== isCookie) return undefined
      if (!isPassive && now().getTime() - found.session.seenAt.getTime() > TOUCH_MS) {
        await touchAdminSession(db, found.session.id, now())
      }
      return found
    },
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
