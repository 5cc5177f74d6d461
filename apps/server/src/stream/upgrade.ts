import { buildScramSalt, findScramHash } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Verifiers } from './password.ts'
import { scramBytes, verifierFrom } from './scram.ts'
import type { ScramFamily } from './scram.ts'

const PREFIX = 'UPGR-'

/** The tasks offered (XEP-0480 §2.1): where one mechanism is in use, nobody can have signed in by a lesser one. */
export function upgradeTasks(families: readonly ScramFamily[]): string[] {
  return families.slice(0, -1).map((family) => PREFIX + family)
}

/** How one step of a task ended. */
export type UpgradeOutcome = 'done' | 'malformed' | 'superseded'

/**
 * The SASL upgrade tasks of one sign-in (XEP-0480): the client has proved that it knows the password, and salts it once
 * more for each stronger mechanism that the account has no verifier for yet.
 */
export class Upgrades {
  readonly #verifiers: Verifiers
  readonly #provedWith: ScramFamily
  readonly #iterations: number
  readonly #due: ScramFamily[]
  #salt: Buffer | undefined

  /** @param wanted - names of tasks, as the client sent them */
  constructor(verifiers: Verifiers, provedWith: ScramFamily, wanted: readonly string[], iterations: number) {
    this.#verifiers = verifiers
    this.#provedWith = provedWith
    this.#iterations = iterations
    this.#due = wanted.length === 0 ? [] : verifiers.missing.filter((family) => wanted.includes(PREFIX + family))
  }

  /** The task that is to be done now; nothing when none is left. */
  get task(): string | undefined {
    const [family] = this.#due
    return family && PREFIX + family
  }

  /** The client takes the task on: what it needs for it, or nothing when this is not the task. */
  begin(task: string): Element | undefined {
    if (task !== this.task) return undefined
    this.#salt = randomBytes(16)
    return buildScramSalt(this.#salt, this.#iterations)
  }

  /** Takes the salted password. */
  async finish(payload: Element | undefined): Promise<UpgradeOutcome> {
    const [family] = this.#due
    const salt = this.#salt
    const salted = findScramHash(payload)
    if (!family || !salt || salted?.length !== scramBytes(family)) return 'malformed'
    this.#salt = undefined
    const verifier = verifierFrom(Buffer.from(salted), { family, salt, iterations: this.#iterations })
    const isAdded = await this.#verifiers.add(verifier, this.#provedWith)
    this.#due.shift()
    return isAdded ? 'done' : 'superseded'
  }
}
