import { nameParams, Refusal, sentencesOf } from '@drawbridge/contract'
import { jidFrom, JidFault } from '@drawbridge/xmpp'

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
