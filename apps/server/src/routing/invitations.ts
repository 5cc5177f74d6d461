import { Refusal } from '@drawbridge/contract'
import {
  appendAudit,
  countOpenInvitations,
  findOpenInvitation,
  findReservation,
  insertInvitation,
} from '@drawbridge/db'
import type { Db, Invitation } from '@drawbridge/db'
import { createHash, randomBytes } from 'node:crypto'
import type { Account, Accounts } from './accounts.ts'

/** Invitations one account may have open that it made itself. */
const MAX_OPEN_PER_INVITER = 100
/** 160 bits of chance, in letters and digits only (XEP-0401 §4.1). */
const TOKEN_BYTES = 20
const TOKEN = /^[0-9a-f]{40}$/u

export interface NewInvitation {
  /** Who makes it, for the audit log. */
  readonly actor: string
  /** Becomes a contact of whoever accepts. */
  readonly inviter?: Account | undefined
  /** Whether it lets somebody in who has no account; else it only makes a contact. */
  readonly makesAccount: boolean
  /** The name of the account, reserved from now on. */
  readonly localpart?: string | undefined
  readonly maxUses?: number | undefined
  readonly lifetimeMs?: number | undefined
}

/** An invitation with its token, which only whoever made it gets to see, once. */
export interface IssuedInvitation {
  readonly invitation: Invitation
  /** For clients (XEP-0379 §3.2, XEP-0445 §2). */
  readonly uri: string
  /** Its page. */
  readonly url: string
}

export interface Invitations {
  create(wanted: NewInvitation): Promise<IssuedInvitation>
  /** The invitation behind a token, while it is good; unknown, used up, expired and revoked are all the same. */
  find(token: string): Promise<Invitation | undefined>
  /** As whoever gets the link sees it. */
  uriOf(invitation: Invitation, token: string): string
  /** The account that becomes a contact, if it is still there. */
  inviterOf(invitation: Invitation): Account | undefined
}

export interface InvitationParts {
  readonly db: Db
  readonly domain: string
  readonly accounts: Accounts
  readonly lifetimeMs: number
  /** Whether clients may register with a token (XEP-0445). */
  readonly isInBand: boolean
  now(): Date
  publicUrl(): string
}

/** Invitations over this database. */
export function createInvitations(parts: InvitationParts): Invitations {
  const { db, domain, accounts } = parts
  const inviterOf = ({ inviterId }: Invitation) => (inviterId === null ? undefined : accounts.findById(inviterId))
  const uriOf = (invitation: Invitation, token: string) => {
    const inviter = inviterOf(invitation)
    const { localpart, makesAccount } = invitation
    if (inviter && localpart === null) {
      const ibr = makesAccount && parts.isInBand ? ';ibr=y' : ''
      return `xmpp:${encodeURI(inviter.bareJid)}?roster;preauth=${token}${ibr}`
    }
    return `xmpp:${localpart === null ? '' : `${encodeURIComponent(localpart)}@`}${domain}?register;preauth=${token}`
  }
  return {
    uriOf,
    inviterOf,
    async find(token) {
      if (!TOKEN.test(token)) return undefined
      const invitation = await findOpenInvitation(db, hashOf(token), parts.now())
      const inviter = invitation && inviterOf(invitation)
      // Whoever may not sign in invites nobody.
      return inviter?.isDisabled || (invitation && invitation.inviterId !== null && !inviter) ? undefined : invitation
    },
    async create({ actor, inviter, makesAccount, localpart, maxUses, lifetimeMs = parts.lifetimeMs }) {
      const token = randomBytes(TOKEN_BYTES).toString('hex')
      const at = parts.now()
      const invitation = await db.transaction(async (tx) => {
        if (inviter && (await countOpenInvitations(tx, inviter.id, at)) >= MAX_OPEN_PER_INVITER) {
          throw new Refusal('quota-exceeded', { detail: 'Too many invitations are open.' })
        }
        if (localpart !== undefined && (accounts.find(localpart) || (await findReservation(tx, localpart, at)))) {
          throw new Refusal('account-exists')
        }
        const made = await insertInvitation(tx, {
          tokenHash: hashOf(token),
          inviterId: inviter?.id ?? null,
          makesAccount,
          localpart: localpart ?? null,
          ...(maxUses === undefined ? {} : { maxUses }),
          expiresAt: new Date(at.getTime() + lifetimeMs),
          createdBy: actor,
        })
        const target = localpart === undefined ? '' : `${localpart}@${domain}`
        const detail = { id: made.id, makesAccount, inviter: inviter?.bareJid, maxUses: made.maxUses }
        await appendAudit(tx, { actor, action: 'create-invitation', target, detail }, at)
        return made
      })
      return { invitation, uri: uriOf(invitation, token), url: `${parts.publicUrl()}/invite/${token}` }
    },
  }
}

/** A token has so much chance in it that one round of a fast hash keeps it. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
