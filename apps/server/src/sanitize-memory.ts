import type { Sanitize } from '@drawbridge/contract'
import { forgetOtherFailures, hasFailed, noteImageFailed, noteImageStrike } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { SanitizerUnavailable } from '@drawbridge/runtime'
import { createHash } from 'node:crypto'

/** How long it is remembered that an image kills. A newer decoder is another matter, and forgets at once. */
export const FAILURE_TTL_MS = 7 * 86_400_000

/**
 * The same, but an image over which decoders died is refused without trying again (images §2, failures), also after a
 * restart: what the sanitizer called `failed`, and what it had in work twice when it broke itself.
 */
export function rememberFailures(db: Db, sanitize: Sanitize): Sanitize {
  let policyVersion: string | undefined
  return async (bytes, profile, options) => {
    const attempt = { rawSha256: createHash('sha256').update(bytes).digest(), profile }
    if (await hasFailed(db, attempt, new Date(Date.now() - FAILURE_TTL_MS))) {
      return { outcome: 'refused', reason: 'failed' }
    }
    try {
      const verdict = await sanitize(bytes, profile, options)
      if (verdict.outcome !== 'refused') return verdict
      const { reason, policyVersion: version } = verdict
      if (version !== undefined && version !== policyVersion) await forgetOtherFailures(db, version)
      policyVersion = version ?? policyVersion
      if (reason === 'failed') await noteImageFailed(db, attempt, version)
      return verdict
    } catch (error) {
      if (hasBroken(error)) await noteImageStrike(db, attempt)
      throw error
    }
  }
}

/** Whether the connection broke in mid-work: not one that was never made, nor one that we ended. */
function hasBroken(error: unknown): boolean {
  const cause = error instanceof SanitizerUnavailable ? error.cause : undefined
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  return code === 'ECONNRESET' || code === 'EPIPE'
}
