import { findFormValue } from '@drawbridge/xmpp'
import type { Form } from '@drawbridge/xmpp'
import type { AdHocCommand, Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'

/** So long a session administers before it shows the second factor again, in milliseconds; as in the console. */
const PROVED_MS = 15 * 60_000
const NOTE = 'second factor'
const FIELD = 'code'

/** What is asked before the command's own form. */
export const PROOF_FORM = {
  instructions: 'Your account has a second factor.',
  fields: [
    { name: FIELD, type: 'text-private', label: 'Code of your authenticator, or one from paper', isRequired: true },
  ],
} as const

/**
 * Whether a command waits for the second factor of whoever executes it: a stream is signed in by a password alone, which
 * must not do by chat what it may not do over HTTP. Rejects with a `Refusal` where one is required and there is none.
 */
export async function mustProve(command: AdHocCommand, { account, notes }: Session, ctx: Context): Promise<boolean> {
  if (!command.isAdministrative) return false
  const provedAt = notes.get(NOTE) as number | undefined
  if (provedAt !== undefined && ctx.now().getTime() - provedAt < PROVED_MS) return false
  return ctx.factorByChat.isNeeded(account)
}

/** Takes the code that was filled in. Rejects with a `Refusal`. */
export async function prove(form: Form, { account, notes, remoteAddress }: Session, ctx: Context): Promise<void> {
  await ctx.factorByChat.show(account, findFormValue(form, FIELD) ?? '', remoteAddress)
  notes.set(NOTE, ctx.now().getTime())
}
