import type { ResponseOf } from '@drawbridge/contract'
import type { AdminClient } from '../admin-client.ts'
import { type Finding, finding } from './finding.ts'

/** One alone is a single point of failure. */
const WANTED = 2

/** Whether somebody can still sign in when nobody else may; asked of the running server, if there is one. */
export async function checkBreakGlass(admin: AdminClient): Promise<Finding[]> {
  try {
    return [judgeBreakGlass((await admin('listBreakGlass')).accounts)]
  } catch {
    return []
  }
}

/** The accounts that pass suspensions and lock-outs, as a finding. */
export function judgeBreakGlass(accounts: ResponseOf<'listBreakGlass'>['accounts']): Finding {
  const usable = accounts.filter(({ isDisabled }) => !isDisabled)
  const bare = usable.filter(({ hasSecondFactor }) => !hasSecondFactor).map(({ name }) => name)
  const warnings = [
    ...(usable.length < WANTED ? [`${usable.length} of at least ${WANTED} (drawbridge break-glass grant NAME)`] : []),
    ...(bare.length > 0 ? [`without a second factor: ${bare.join(', ')}`] : []),
  ]
  if (warnings.length > 0) return finding('break-glass', 'warn', warnings.join('; '))
  return finding('break-glass', 'ok', usable.map(({ name }) => name).join(', '))
}
