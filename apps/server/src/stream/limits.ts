import { C2S_LIMITS, NS_STREAM_LIMITS, PREAUTH_LIMITS, xml } from '@drawbridge/xmpp'
import type { Element, XmlLimits } from '@drawbridge/xmpp'
import type { StreamConfig } from './stream.config.ts'

/** What one element may cost on a stream, before and after signing in. */
export interface StreamLimits {
  readonly beforeSignIn: XmlLimits
  readonly afterSignIn: XmlLimits
}

/** The limits as they are set. What is stored is read back under `C2S_LIMITS`, so no setting goes beyond those. */
export function limitsFrom(config: StreamConfig): StreamLimits {
  const { maxStanzaBytes, maxStanzaDepth, maxStanzaElements, maxStanzaAttributes, maxBytesBeforeSignIn } = config
  return {
    beforeSignIn: { ...PREAUTH_LIMITS, maxStanzaBytes: Math.min(maxBytesBeforeSignIn, maxStanzaBytes) },
    afterSignIn: {
      ...C2S_LIMITS,
      maxStanzaBytes,
      maxDepth: maxStanzaDepth,
      maxElements: maxStanzaElements,
      maxAttributes: maxStanzaAttributes,
    },
  }
}

/** XEP-0478 §3.1: what a client must keep to, from these stream features on until the next. */
export function buildLimits({ maxStanzaBytes }: XmlLimits, idleMs: number): Element {
  return xml(
    'limits',
    { xmlns: NS_STREAM_LIMITS },
    xml('max-bytes', {}, maxStanzaBytes),
    xml('idle-seconds', {}, Math.floor(idleMs / 1_000)),
  )
}
