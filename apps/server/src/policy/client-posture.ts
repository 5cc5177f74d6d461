import { findSetting, putSetting } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { CLIENT_POSTURES } from '@drawbridge/policy'
import type { ClientPosture } from '@drawbridge/policy'
import { z } from 'zod'
import { confirmBy, provisionalChange } from './provisional.ts'
import type { Provisional, ProvisionalKind } from './provisional.ts'

/** Under which the posture is stored, once somebody has set it. */
const KEY = 'client-posture'
/** There is one posture. */
export const SERVICE = 'service'

const postureValue = z.enum(CLIENT_POSTURES)
const storedPosture = provisionalChange.extend({ value: postureValue, before: postureValue })

/** What happens to clients that nobody can name. Sessions that are open stay. @param unset - while nobody has set it */
export function clientPosture(unset: () => ClientPosture): ProvisionalKind<ClientPosture> {
  return {
    noun: 'client-posture',
    field: 'posture',
    isStricter,
    read: (tx) => readPosture(tx, unset()),
    write: (tx, _, stored) => putSetting(tx, KEY, stored),
  }
}

/** The posture in force. @param unset - while nobody has set one. */
export async function readPosture(db: Db, unset: ClientPosture): Promise<Provisional<ClientPosture>> {
  const stored = await findSetting(db, KEY)
  if (stored !== undefined && typeof stored !== 'string') return storedPosture.parse(stored)
  // Set before there was a confirmation, or by the configuration.
  const value = postureValue.parse(stored ?? unset)
  return { value, before: value, changedAt: 0, changedBy: '', isFinal: true }
}

/** Until when it must be confirmed, in ms since 1970; undefined where it needs no confirmation. */
export function confirmPostureBy(stored: Provisional<ClientPosture>): number | undefined {
  return confirmBy({ isStricter }, stored)
}

function isStricter(value: ClientPosture, than: ClientPosture): boolean {
  return value === 'enforce' && than !== 'enforce'
}
