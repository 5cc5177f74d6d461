import type { RoomAffiliationChange, RoomAffiliationVersions, RoomRow } from '@drawbridge/db'
import { createHmac } from 'node:crypto'
import { affiliationRank, mayListAffiliation } from './privileges.ts'
import type { Affiliation, ListRules, Standing } from './privileges.ts'

/** Most JIDs that were taken off the lists of one room and are remembered; beyond it, everybody gets whole lists anew. */
export const MAX_TAKEN_OFF = 1_000

/** A change of somebody's affiliation, between two versions of the lists. */
export interface VersionStep {
  readonly before: Affiliation
  readonly since: string
  readonly until: string
}

/** How much of the lists somebody may read: nothing, all but who is banned, or all. */
export type ListScope = 'nothing' | 'listed' | 'all'

interface Entry {
  readonly jid: string
  readonly affiliation: Affiliation
}

interface Plan extends RoomAffiliationVersions {
  readonly steps: readonly (Entry & { readonly before: Affiliation })[]
}

const isListed = (affiliation: Affiliation): boolean => affiliationRank(affiliation) >= affiliationRank('member')

/** XEP-0463 §5.2.3: "the same rules" as for asking for each list. */
export function listScope(actor: Standing, rules: ListRules): ListScope {
  const may = (affiliation: Affiliation) => mayListAffiliation(actor, affiliation, rules)
  if (!may('owner') || !may('admin') || !may('member')) return 'nothing'
  return may('outcast') ? 'all' : 'listed'
}

/** Whether a change of configuration changes who may read which list. */
export function changesScopes(before: ListRules, after: ListRules): boolean {
  const of = ({ isNonAnonymous, isMembersOnly, memberListFor }: ListRules) =>
    JSON.stringify([isNonAnonymous, isMembersOnly, memberListFor])
  return of(before) !== of(after)
}

/**
 * XEP-0463: the versions of a room's lists. Of each JID only its latest change is kept: what lay between is nobody's
 * business. A version is a number with a seal, so that nobody can ask for one that he was not shown (§6).
 */
export class AffiliationVersions {
  readonly #secret: Uint8Array
  readonly #changes = new Map<string, RoomAffiliationChange>()
  #version: number
  #epoch: number

  constructor(row: Pick<RoomRow, 'secret' | 'affiliationVersion' | 'affiliationEpoch'>) {
    this.#secret = row.secret
    this.#version = row.affiliationVersion
    this.#epoch = row.affiliationEpoch
  }

  put(change: RoomAffiliationChange): void {
    this.#changes.set(change.jid, change)
  }

  mentions(jid: string): boolean {
    return this.#changes.has(jid)
  }

  /** The version that the lists have now: unique to it, and telling nothing. */
  get current(): string {
    return this.#nameOf(this.#version)
  }

  #nameOf(version: number): string {
    const seal = createHmac('sha256', this.#secret).update(`affiliations ${this.#epoch} ${version}`).digest('base64url')
    return `${version}-${seal.slice(0, 16)}`
  }

  /** What becomes of the versions when these affiliations change; nothing has happened yet. */
  plan(changes: readonly Entry[], affiliations: ReadonlyMap<string, { readonly affiliation: Affiliation }>): Plan {
    const of = (jid: string) => affiliations.get(jid)?.affiliation ?? 'none'
    const steps = changes.flatMap(({ jid, affiliation }) =>
      of(jid) === affiliation ? [] : [{ jid, affiliation, before: of(jid) }],
    )
    const rows = steps.map(({ jid, affiliation, before }, i) => {
      const version = this.#version + i + 1
      const isTakenOff = isListed(before) && !isListed(affiliation)
      return { jid, version, unlistedAt: isTakenOff ? version : (this.#changes.get(jid)?.unlistedAt ?? 0) }
    })
    const takenOff = new Set(steps.flatMap(({ jid, affiliation }) => (affiliation === 'none' ? [jid] : [])))
    for (const jid of this.#changes.keys()) if (!affiliations.has(jid)) takenOff.add(jid)
    return {
      steps,
      version: this.#version + steps.length,
      changes: rows,
      isNewEpoch: takenOff.size > MAX_TAKEN_OFF,
    }
  }

  /** It has happened: each change by its JID. */
  follow({ steps, changes, isNewEpoch }: Plan): ReadonlyMap<string, VersionStep> {
    const made = new Map<string, VersionStep>()
    for (const [i, { jid, before }] of steps.entries()) {
      const since = this.current
      this.#version++
      if (isNewEpoch && i === steps.length - 1) this.forget()
      else if (changes[i]) this.put(changes[i])
      made.set(jid, { before, since, until: this.current })
    }
    return made
  }

  /** From now on every earlier version is unknown. */
  forget(): void {
    this.#epoch++
    this.#changes.clear()
  }

  /**
   * What somebody who has this version of the lists has to be told: only what is different, or `undefined` if it is
   * unknown, or not his to ask for. Ordered by version.
   *
   * @param account - bare JID of whoever asks: before his own affiliation changed he could read something else
   */
  since(
    known: string,
    scope: ListScope,
    account: string,
    affiliationOf: (jid: string) => Affiliation,
  ): readonly Entry[] | undefined {
    const version = Number(/^(\d{1,10})-/.exec(known)?.[1])
    if (Number.isNaN(version) || this.#nameOf(version) !== known) return undefined
    if (version < (this.#changes.get(account)?.version ?? 0)) return undefined
    const newest = [...this.#changes.values()].toSorted((a, b) => a.version - b.version)
    const changed = newest.flatMap(({ jid, version: changedAt, unlistedAt }) => {
      const affiliation = affiliationOf(jid)
      if (scope === 'all' || isListed(affiliation)) return changedAt > version ? [{ jid, affiliation }] : []
      return unlistedAt > version ? [{ jid, affiliation: 'none' as const }] : []
    })
    // §5.2.1: "There can be no empty diff"; what has changed is nothing that he may see.
    return changed.length > 0 || version === this.#version ? changed : undefined
  }
}
