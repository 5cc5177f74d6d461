import { Refusal } from '@drawbridge/contract'
import type { Effect } from '@drawbridge/contract'
import type { AuditEntry, Db } from '@drawbridge/db'
import { CONFIRM_WITHIN_MS } from '@drawbridge/policy'
import { z } from 'zod'
import type { Change } from './client-rules.ts'

/** How a setting that can keep people out came to be what it is. */
export const provisionalChange = z.strictObject({
  /** In ms since 1970. */
  changedAt: z.int(),
  changedBy: z.string(),
  /** Needs no confirmation: it came from the local socket, which no rule can lock out. */
  isFinal: z.boolean(),
  confirmedBy: z.string().optional(),
})

/** A setting that can keep people out: for ten minutes, and on when somebody has confirmed it (control §3.5). */
export interface Provisional<V> extends z.output<typeof provisionalChange> {
  readonly value: V
  /** What counts again unless it is confirmed. */
  readonly before: V
}

/** One kind of such settings. `key` is which of them; there may be one only. */
export interface ProvisionalKind<V> {
  /** After `set-`, `confirm-` and `withdraw-` on record. */
  readonly noun: string
  /** What its value is called on record. */
  readonly field: string
  /** Whether a value may keep somebody out whom the other lets in. */
  isStricter(value: V, than: V): boolean
  /** @throws Refusal where there is none of this key */
  read(tx: Db, key: string): Promise<Provisional<V>>
  write(tx: Db, key: string, stored: Provisional<V>): Promise<void>
}

/** Until when it must be confirmed, in ms since 1970; undefined where it needs no confirmation. */
export function confirmBy<V>(
  { isStricter }: Pick<ProvisionalKind<V>, 'isStricter'>,
  { value, before, changedAt, isFinal, confirmedBy }: Provisional<V>,
): number | undefined {
  const isSettled = isFinal || confirmedBy !== undefined || !isStricter(value, before)
  return isSettled ? undefined : changedAt + CONFIRM_WITHIN_MS
}

/** The last value that needed no confirmation, or had it: what another one is measured by. */
export function settledValue<V>(kind: Pick<ProvisionalKind<V>, 'isStricter'>, stored: Provisional<V>): V {
  return confirmBy(kind, stored) === undefined ? stored.value : stored.before
}

export interface ProvisionalChange<V> {
  readonly stored: Provisional<V>
  readonly effect: Effect
}

export interface Setting<V> {
  readonly actor: string
  readonly value: V
  /** What was simulated before, for the record. */
  readonly simulation?: unknown
}

/** Changes of one kind of settings. Each returns when this node enforces it. */
export interface ProvisionalOperations<V> {
  /** What comes from the local socket is final; else what is stricter than before needs to be confirmed. */
  set(key: string, wanted: Setting<V>): Promise<ProvisionalChange<V>>
  /** @throws Refusal `nothing-to-confirm` */
  confirm(key: string, actor: string): Promise<ProvisionalChange<V>>
  /** Puts back what there was, because nobody has confirmed. @throws Refusal `nothing-to-confirm` */
  withdraw(key: string, actor: string): Promise<ProvisionalChange<V>>
}

/** Builds the operations of a kind. */
export function createProvisional<V>(
  kind: ProvisionalKind<V>,
  { change, now }: { readonly change: Change; readonly now: () => Date },
): ProvisionalOperations<V> {
  const { noun, field } = kind
  const run = async (work: (tx: Db) => Promise<{ stored: Provisional<V>; entry: AuditEntry }>) => {
    const { result, effect } = await change(async (tx) => {
      const { stored, entry } = await work(tx)
      return { result: stored, entry }
    })
    return { stored: result, effect }
  }
  /** Whether it waits to be confirmed at this moment, or has waited in vain. */
  const waiting = async (tx: Db, key: string, isOver: boolean) => {
    const stored = await kind.read(tx, key)
    const until = confirmBy(kind, stored)
    if (until === undefined || until <= now().getTime() !== isOver) throw new Refusal('nothing-to-confirm')
    return stored
  }
  return {
    set: (key, wanted) => run((tx) => writeProvisional(tx, kind, { ...wanted, key, at: now() })),
    confirm: (key, actor) =>
      run(async (tx) => {
        const stored = { ...(await waiting(tx, key, false)), confirmedBy: actor }
        await kind.write(tx, key, stored)
        const detail = { [field]: stored.value }
        return { stored, entry: { actor, action: `confirm-${noun}`, target: key, detail } }
      }),
    withdraw: (key, actor) =>
      run(async (tx) => {
        const { value, before, changedBy } = await waiting(tx, key, true)
        const stored = { value: before, before, changedAt: now().getTime(), changedBy: actor, isFinal: true }
        await kind.write(tx, key, stored)
        const detail = { [field]: { from: value, to: before }, changedBy }
        return { stored, entry: { actor, action: `withdraw-${noun}`, target: key, detail } }
      }),
  }
}

/** Sets one in a change of the rules, and says what goes on record about it. */
export async function writeProvisional<V>(
  tx: Db,
  kind: ProvisionalKind<V>,
  { key, actor, value, simulation, at }: Setting<V> & { readonly key: string; readonly at: Date },
): Promise<{ stored: Provisional<V>; entry: AuditEntry }> {
  const present = await kind.read(tx, key)
  const isFinal = actor.startsWith('local:')
  const before = settledValue(kind, present)
  const stored = { value, before, changedAt: at.getTime(), changedBy: actor, isFinal }
  await kind.write(tx, key, stored)
  const detail = {
    [kind.field]: { from: present.value, to: value },
    isFinal,
    ...(simulation === undefined || simulation === null ? {} : { simulation }),
  }
  return { stored, entry: { actor, action: `set-${kind.noun}`, target: key, detail } }
}
