import { createHash, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** One row of the audit log, as it is hashed. */
export interface ChainedRow {
  readonly seq: number
  readonly at: Date
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly detail: unknown
  /** Of the row before; 32 zero bytes for the first. */
  readonly prevHash: Buffer
  readonly hash: Buffer
}

/** The server's signature on the end of the log at some time. */
export interface AuditCheckpoint {
  /** The row that was the last one. */
  readonly seq: number
  readonly hash: Buffer
  readonly at: Date
  /** Which key: see `keyIdOf`. */
  readonly keyId: string
  /** Ed25519 over `checkpointBytes`. */
  readonly signature: Buffer
}

/**
 * `changed`: the row is not what was written. `missing`: there is no row with this number. `unchained`: it does not
 * continue the row before it. `head`: the log does not end where its head says. `checkpoint`: it is not what the server
 * signed, or the signature is wrong.
 */
export type AuditFault = 'changed' | 'missing' | 'unchained' | 'head' | 'checkpoint'

export type AuditVerdict =
  | { readonly isIntact: true; readonly checked: number; readonly checkpoints: number; readonly head: Buffer }
  | { readonly isIntact: false; readonly checked: number; readonly seq: number; readonly fault: AuditFault }

/** SHA-256 over the canonical JSON of the row: object keys sorted, instant in ISO 8601, previous hash in hex. */
export function hashOf({ seq, at, actor, action, target, detail, prevHash }: Omit<ChainedRow, 'hash'>): Buffer {
  const fields = { seq, at: at.toISOString(), actor, action, target, detail, prevHash: prevHash.toString('hex') }
  return createHash('sha256').update(canonicalJson(fields)).digest()
}

/** What a checkpoint signs. */
export function checkpointBytes({ seq, hash, at }: Pick<AuditCheckpoint, 'seq' | 'hash' | 'at'>): Buffer {
  return Buffer.from(`drawbridge audit checkpoint\n${seq}\n${hash.toString('hex')}\n${at.toISOString()}\n`)
}

/** Names a public key: the first 16 hex digits of the SHA-256 of its DER form. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

/** Checks a log that is read from its first row on. It needs no database: an exported log is checked the same way. */
export class ChainCheck {
  readonly #checkpoints: ReadonlyMap<number, AuditCheckpoint>
  readonly #key: KeyObject | undefined
  #prevHash: Buffer = Buffer.alloc(32)
  #checked = 0
  #signed = 0

  /**
   * @param checkpoints - all there are.
   * @param key - the server's public key; without one, signatures are not looked at. Checkpoints of other keys are
   *   compared with their rows, and nothing more can be said of them.
   */
  constructor(checkpoints: readonly AuditCheckpoint[], key?: KeyObject) {
    this.#checkpoints = new Map(checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint]))
    this.#key = key
  }

  /** Takes the next row. Returns the verdict when the log is broken there. */
  take(row: ChainedRow): AuditVerdict | undefined {
    const seq = this.#checked + 1
    const fault = this.#faultOf(row, seq)
    if (fault) return { isIntact: false, checked: this.#checked, seq, fault }
    this.#prevHash = row.hash
    this.#checked = seq
    return undefined
  }

  /** After the last row. @param head - where the log says that it ends. */
  end(head: { readonly seq: number; readonly hash: Buffer } | undefined): AuditVerdict {
    const checked = this.#checked
    const last = Math.max(head?.seq ?? 0, ...this.#checkpoints.keys())
    if (last > checked) return { isIntact: false, checked, seq: checked + 1, fault: 'missing' }
    if (head?.seq !== checked || !head.hash.equals(this.#prevHash)) {
      return { isIntact: false, checked, seq: checked, fault: 'head' }
    }
    return { isIntact: true, checked, checkpoints: this.#signed, head: this.#prevHash }
  }

  #faultOf(row: ChainedRow, seq: number): AuditFault | undefined {
    if (row.seq !== seq) return 'missing'
    if (!hashOf(row).equals(row.hash)) return 'changed'
    if (!row.prevHash.equals(this.#prevHash)) return 'unchained'
    const checkpoint = this.#checkpoints.get(seq)
    if (!checkpoint) return undefined
    if (!checkpoint.hash.equals(row.hash) || this.#isForged(checkpoint)) return 'checkpoint'
    return undefined
  }

  #isForged(checkpoint: AuditCheckpoint): boolean {
    if (!this.#key || checkpoint.keyId !== keyIdOf(this.#key)) return false
    this.#signed++
    return !verify(null, checkpointBytes(checkpoint), this.#key, checkpoint.signature)
  }
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
}
