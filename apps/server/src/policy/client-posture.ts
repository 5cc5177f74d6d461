import { Refusal } from '@drawbridge/contract'
import type { Effect } from '@drawbridge/contract'
import { findSetting, putSetting } from '@drawbridge/db'
import type { AuditEntry, Db } from '@drawbridge/db'
import { CLIENT_POSTURES, CONFIRM_WITHIN_MS } from '@drawbridge/policy'
import type { ClientPosture } from '@drawbridge/policy'
import { z } from 'zod'
import type { Change } from './client-rules.ts'

/** Under which the posture is stored, once somebody has set it. */
const KEY = 'client-posture'

const storedPosture = z.strictObject({
  posture: z.enum(CLIENT_POSTURES),
  /** In ms since 1970. */
  changedAt: z.int(),
  changedBy: z.string(),
  /** Needs no confirmation: it came from the local socket, which no rule can lock out. */
  isFinal: z.boolean(),
  confirmedBy: z.string().optional(),
})

/** What happens to clients that nobody can name, and since when. */
export type StoredPosture = z.output<typeof storedPosture>

/** The posture in force. @param unset - while nobody has set one. */
export async function readPosture(db: Db, unset: ClientPosture): Promise<StoredPosture> {
  const value = await findSetting(db, KEY)
  if (value !== undefined && typeof value !== 'string') return storedPosture.parse(value)
  // Set before there was a confirmation, or by the configuration.
  const posture = z.enum(CLIENT_POSTURES).parse(value ?? unset)
  return { posture, changedAt: 0, changedBy: '', isFinal: true }
}

/** Until when it must be confirmed, in ms since 1970; undefined where it needs no confirmation. */
export function confirmPostureBy({ posture, changedAt, isFinal, confirmedBy }: StoredPosture): number | undefined {
  return posture === 'enforce' && !isFinal && confirmedBy === undefined ? changedAt + CONFIRM_WITHIN_MS : undefined
}

export interface PostureChange {
  readonly posture: StoredPosture
  readonly effect: Effect
}

/** Changes of what happens to clients that nobody can name. Sessions that are open stay. */
export interface PostureOperations {
  /** What comes from the local socket is final; else to block needs to be confirmed. @param simulation - for the record */
  setClientPosture(actor: string, posture: ClientPosture, simulation?: unknown): Promise<PostureChange>
  /** @throws Refusal `nothing-to-confirm` */
  confirmClientPosture(actor: string): Promise<PostureChange>
  /** Lets unknown clients in again because nobody has confirmed. @throws Refusal `nothing-to-confirm` */
  withdrawClientPosture(actor: string): Promise<PostureChange>
}

export interface PostureOptions {
  readonly change: Change
  readonly now: () => Date
  /** The posture while nobody has set one. */
  readonly unset: () => ClientPosture
}

/** Builds the operations. */
export function createPostureOperations({ change, now, unset }: PostureOptions): PostureOperations {
  const run = async (
    work: (tx: Db, before: StoredPosture) => Promise<{ posture: StoredPosture; entry: AuditEntry }>,
  ) => {
    const { result, effect } = await change(async (tx) => {
      const { posture, entry } = await work(tx, await readPosture(tx, unset()))
      return { result: posture, entry }
    })
    return { posture: result, effect }
  }
  return {
    setClientPosture: (actor, posture, simulation) =>
      run((tx, before) => writePosture(tx, before, { actor, posture, simulation, at: now() })),
    confirmClientPosture: (actor) =>
      run(async (tx, before) => {
        const confirmBy = confirmPostureBy(before)
        if (confirmBy === undefined || confirmBy <= now().getTime()) throw new Refusal('nothing-to-confirm')
        const posture = { ...before, confirmedBy: actor }
        await putSetting(tx, KEY, posture)
        const detail = { posture: before.posture }
        return { posture, entry: { actor, action: 'confirm-client-posture', target: 'service', detail } }
      }),
    withdrawClientPosture: (actor) =>
      run(async (tx, before) => {
        const confirmBy = confirmPostureBy(before)
        if (confirmBy === undefined || confirmBy > now().getTime()) throw new Refusal('nothing-to-confirm')
        const { posture } = await writePosture(tx, before, { actor, posture: 'discover', at: now() })
        const detail = { posture: { from: before.posture, to: posture.posture }, changedBy: before.changedBy }
        return { posture, entry: { actor, action: 'withdraw-client-posture', target: 'service', detail } }
      }),
  }
}

/** Sets the posture in a change of the rules. */
export async function writePosture(
  tx: Db,
  before: StoredPosture,
  {
    actor,
    posture: wanted,
    simulation,
    at,
  }: { readonly actor: string; readonly posture: ClientPosture; readonly simulation?: unknown; readonly at: Date },
): Promise<{ posture: StoredPosture; entry: AuditEntry }> {
  const isFinal = actor.startsWith('local:')
  const posture = { posture: wanted, changedAt: at.getTime(), changedBy: actor, isFinal }
  await putSetting(tx, KEY, posture)
  const detail = {
    posture: { from: before.posture, to: wanted },
    isFinal,
    ...(simulation === undefined || simulation === null ? {} : { simulation }),
  }
  return { posture, entry: { actor, action: 'set-client-posture', target: 'service', detail } }
}
