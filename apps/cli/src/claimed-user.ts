import { claimedUserFrom } from '@drawbridge/contract'
import type { Environment } from '@drawbridge/runtime'
import { userInfo } from 'node:os'

/**
 * Which account of this machine runs the command, and who became that one by sudo or doas: `alice>root`. For the record
 * only, since anybody can say anything here. Undefined where there is no name that could be told.
 */
export function claimedUserOf(env: Environment): string | undefined {
  const name = accountName()
  const before = env['SUDO_USER'] ?? env['DOAS_USER']
  return claimedUserFrom(before === undefined || before === name ? name : `${before}>${name}`)
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    // Not every account of a container has a name.
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}
