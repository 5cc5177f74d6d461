import { nameParams, Refusal, sentencesOf } from '@drawbridge/contract'
import { holdsEncodedImage, jidFrom, JidFault, mixesAlphabets } from '@drawbridge/xmpp'

/** The prepared localpart (RFC 7622 §3.3) of a name. Throws `bad-account-name`. */
export function localpartFrom(name: string, domain: string): string {
  try {
    const { localpart } = jidFrom({ localpart: name, domainpart: domain })
    if (localpart !== undefined) return localpart
  } catch (cause) {
    if (!(cause instanceof JidFault)) throw cause
  }
  const [detail] = sentencesOf(nameParams.safeParse({ name }).error?.issues ?? [], { name })
  throw new Refusal('bad-account-name', detail === undefined ? {} : { detail })
}

/** Same for a name that nobody has yet: it must not be made to be taken for another (threats SP-16). */
export function newLocalpartFrom(name: string, domain: string): string {
  const localpart = localpartFrom(name, domain)
  // Hexadecimal digits are all it takes to be an image (images §6, row 9).
  if (holdsEncodedImage(localpart)) throw new Refusal('bad-account-name')
  if (!mixesAlphabets(localpart)) return localpart
  throw new Refusal('bad-account-name', { detail: 'The name has a word of letters of two alphabets that look alike.' })
}
