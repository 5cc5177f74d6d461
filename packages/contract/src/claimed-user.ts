import { z } from 'zod'

/**
 * Header in which whoever uses the local socket says which account of the machine they are. The server cannot see it: the
 * mode of the socket says who may connect, and this only who of those it was, by their own word.
 */
export const CLAIMED_USER_HEADER = 'drawbridge-claimed-user'

/** A name as operating systems have them, and before it who became that one: `alice>root`. */
const claimedUser = z.string().regex(/^[\w.@$+-]{1,64}(?:>[\w.@$+-]{1,64})?$/u)

/** What is put on record of the header; undefined for what is no such name. */
export function claimedUserFrom(header: unknown): string | undefined {
  return claimedUser.safeParse(header).data
}
