import { Refusal } from '@drawbridge/contract'
import { findUnit, listProtectedUnits, updateUnit } from '@drawbridge/db'
import type { Db, UnitRow } from '@drawbridge/db'
import { isHigherTier, MINIMUM_TIERS } from '@drawbridge/policy'
import type { MinimumTier, PolicySettings } from '@drawbridge/policy'
import { z } from 'zod'
import { confirmBy, provisionalChange } from './provisional.ts'
import type { Provisional, ProvisionalKind } from './provisional.ts'

const storedChange = provisionalChange.extend({ before: z.enum(MINIMUM_TIERS).nullable() })

/** How well the clients of a unit's members must be known; null: like everybody's. By the unit's name. */
export const minimumTier: ProvisionalKind<MinimumTier | null> = {
  noun: 'unit-minimum-tier',
  field: 'minimumTier',
  isStricter: (value, than) => isHigherTier(value ?? 'E1', than ?? 'E1'),
  async read(tx, name) {
    const unit = await findUnit(tx, name)
    if (!unit) throw new Refusal('no-such-unit', { detail: name })
    return provisionalFrom(unit)
  },
  async write(tx, name, { value, ...change }) {
    await updateUnit(tx, name, { minimumTier: value, minimumTierChange: change })
  },
}

/** What protected units ask for, and when some of them will ask for less again, as the engine takes it. */
export async function readMinimumTiers(db: Db): Promise<Pick<PolicySettings, 'minimumTiers' | 'tierLapses'>> {
  const units = (await listProtectedUnits(db)).map((row) => ({ name: row.name, ...provisionalFrom(row) }))
  const tiers = units.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const]))
  const lapses = units.flatMap(({ name, ...stored }) => {
    const at = confirmBy(minimumTier, stored)
    return at === undefined ? [] : [[name, { at, ...(stored.before === null ? {} : { tier: stored.before }) }] as const]
  })
  return { minimumTiers: Object.fromEntries(tiers), tierLapses: Object.fromEntries(lapses) }
}

function provisionalFrom({
  minimumTier: value,
  minimumTierChange: change,
}: Pick<UnitRow, 'minimumTier' | 'minimumTierChange'>): Provisional<MinimumTier | null> {
  // Set before there was a confirmation, or never.
  if (change === null) return { value, before: value, changedAt: 0, changedBy: '', isFinal: true }
  return { value, ...storedChange.parse(change) }
}
