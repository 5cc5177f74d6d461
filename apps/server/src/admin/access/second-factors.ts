import { Refusal } from '@drawbridge/contract'
import type { PasskeyView } from '@drawbridge/contract'
import {
  confirmTotp,
  countRecoveryCodes,
  deletePasskey,
  deletePasskeys,
  deleteTotp,
  findTotp,
  putTotp,
  setRecoveryCodes,
  takeTotpStep,
  useRecoveryCode,
} from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { createHmac, randomInt } from 'node:crypto'
import type { Sealer } from '../../stream/seal.ts'
import type { Passkeys } from './passkeys.ts'
import { base32, makeTotpSecret, matchingSteps, otpauthUri } from './totp.ts'

/** Codes on paper that one account gets. */
const RECOVERY_CODES = 10
// Without letters and digits that look alike.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const GROUP_CHARACTERS = 5

/** Whose factor it is. */
interface Owner {
  readonly id: string
  readonly bareJid: string
}

/** What an account has beside its password. */
export interface Factors {
  readonly totp: boolean
  readonly recoveryCodes: number
  readonly passkeys: readonly PasskeyView[]
}

/** Whether a password alone does not do. Codes on paper are for whoever has lost a factor, and are none. */
export function hasFactor({ totp, passkeys }: Factors): boolean {
  return totp || passkeys.length > 0
}

/** What administrators show beside a password: codes by time (RFC 6238), and codes on paper for whoever has lost a device. */
export interface SecondFactors {
  of(accountId: string, tx?: Db): Promise<Factors>
  /** Whether this code is right, and was not used before. It is used up by asking. */
  take(accountId: string, code: string): Promise<boolean>
  /** Makes a secret that is asked for once it is confirmed. Throws `second-factor-enrolled`. */
  begin(owner: Owner): Promise<{ readonly secret: string; readonly uri: string }>
  /** Puts the secret in force, in the caller's transaction; returns new codes on paper. Throws `second-factor-failed`. */
  confirm(tx: Db, accountId: string, code: string): Promise<readonly string[]>
  /** New codes on paper; the old ones end. */
  renewRecoveryCodes(tx: Db, accountId: string): Promise<readonly string[]>
  /** Takes the codes by time away. False when there were none. */
  removeTotp(tx: Db, accountId: string): Promise<boolean>
  /** Takes a passkey away. False when the account has no such one. */
  removePasskey(tx: Db, accountId: string, id: string): Promise<boolean>
  /** Takes everything away, passkeys included. */
  removeAll(tx: Db, accountId: string): Promise<void>
}

export interface SecondFactorParts {
  readonly db: Db
  readonly domain: string
  readonly sealer: Sealer
  readonly passkeys: Pick<Passkeys, 'list'>
  readonly now: () => Date
}

export function createSecondFactors({ db, domain, sealer, passkeys, now }: SecondFactorParts): SecondFactors {
  const recoveryKey = sealer.derive('recovery codes')
  const placeOf = (accountId: string) => `${accountId}\0totp`
  const hashOf = (code: string) =>
    createHmac('sha256', recoveryKey).update(code.toLowerCase().replaceAll(/[\s-]/gu, '')).digest()
  const renew = async (tx: Db, accountId: string) => {
    const codes = Array.from({ length: RECOVERY_CODES }, () => `${letters()}-${letters()}`)
    await setRecoveryCodes(tx, accountId, codes.map(hashOf))
    return codes
  }
  const factorsOf = async (tx: Db, accountId: string): Promise<Factors> => {
    const row = await findTotp(tx, accountId)
    return {
      totp: row !== undefined && row.confirmedAt !== null,
      recoveryCodes: await countRecoveryCodes(tx, accountId),
      passkeys: await passkeys.list(tx, accountId),
    }
  }
  /** Codes on paper go with the last factor. */
  const removeOne = async (tx: Db, accountId: string, remove: () => Promise<boolean>) => {
    const isRemoved = await remove()
    if (!hasFactor(await factorsOf(tx, accountId))) await setRecoveryCodes(tx, accountId, [])
    return isRemoved
  }
  return {
    of: (accountId, tx = db) => factorsOf(tx, accountId),
    async take(accountId, code) {
      const digits = code.replaceAll(/\s/gu, '')
      if (!/^\d{6}$/u.test(digits)) return useRecoveryCode(db, accountId, hashOf(code))
      const row = await findTotp(db, accountId)
      if (!row?.confirmedAt) return false
      for (const step of matchingSteps(sealer.open(row.sealed, placeOf(accountId)), digits, now())) {
        if (await takeTotpStep(db, accountId, step)) return true
      }
      return false
    },
    async begin({ id, bareJid }) {
      const secret = makeTotpSecret()
      if (!(await putTotp(db, id, sealer.seal(secret, placeOf(id)), now()))) throw new Refusal('second-factor-enrolled')
      return { secret: base32(secret), uri: otpauthUri(secret, domain, bareJid) }
    },
    async confirm(tx, accountId, code) {
      const row = await findTotp(tx, accountId)
      if (row?.confirmedAt) throw new Refusal('second-factor-enrolled')
      const secret = row && sealer.open(row.sealed, placeOf(accountId))
      const step = secret && matchingSteps(secret, code.replaceAll(/\s/gu, ''), now()).at(-1)
      if (step === undefined) throw new Refusal('second-factor-failed')
      if (!(await confirmTotp(tx, accountId, step, now()))) throw new Refusal('second-factor-enrolled')
      return renew(tx, accountId)
    },
    renewRecoveryCodes: renew,
    removeTotp: (tx, accountId) => removeOne(tx, accountId, () => deleteTotp(tx, accountId)),
    removePasskey: (tx, accountId, id) => removeOne(tx, accountId, () => deletePasskey(tx, accountId, id)),
    async removeAll(tx, accountId) {
      await deletePasskeys(tx, accountId)
      await removeOne(tx, accountId, () => deleteTotp(tx, accountId))
    },
  }
}

function letters(): string {
  return Array.from({ length: GROUP_CHARACTERS }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
}
