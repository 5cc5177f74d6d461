import { CODES } from '@drawbridge/contract'
import type { ErrorCode } from '@drawbridge/contract'
import { listOpenSlots, sumUploadBytes } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { formatDateTime, NS_DRAWBRIDGE_UPLOAD, NS_UPLOAD, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import type { Context } from '../routing/feature.ts'

/** How long a slot waits for its file. */
export const SLOT_TTL_MS = 5 * 60_000
/** Slots of one account that may wait at once. */
const OPEN_SLOTS_MAX = 20
const DAY_MS = 86_400_000
/** An account may upload so many of the largest files a day, unless the media policy says otherwise. */
const LARGEST_FILES_PER_DAY = 200

/** What may be used up. */
const QUOTAS = ['day', 'stored', 'unit'] as const

/** How much of something is used, in bytes. */
export interface Quota {
  readonly kind: (typeof QUOTAS)[number]
  /** The unit, where it is one's. */
  readonly name?: string
  readonly usedBytes: number
  /** Absent: there is no limit. */
  readonly limitBytes?: number
}

const EXHAUSTED: Readonly<Record<Quota['kind'], ErrorCode>> = {
  day: 'upload-day-quota',
  stored: 'upload-stored-quota',
  unit: 'upload-unit-quota',
}

/** What an account has used, by itself and as a member of its units, and how much it may (control §3.4, media policy). */
export async function quotasOf(db: Db, account: Account, ctx: Context): Promise<Quota[]> {
  const since = new Date(ctx.now().getTime() - DAY_MS)
  const { maxDayBytes, maxStoredBytes } = ctx.mediaPolicy(account)
  const own = await sumUploadBytes(db, { accountId: account.id }, since)
  const quotas: Quota[] = [
    {
      kind: 'day',
      usedBytes: own.recentBytes,
      limitBytes: maxDayBytes ?? LARGEST_FILES_PER_DAY * ctx.limits.maxUploadBytes,
    },
    { kind: 'stored', usedBytes: own.totalBytes, ...limitOf(maxStoredBytes) },
  ]
  for (const { name, limitBytes } of limitedUnits(account, ctx)) {
    const { totalBytes } = await sumUploadBytes(db, { unit: name }, since)
    quotas.push({ kind: 'unit', name, usedBytes: totalBytes, limitBytes })
  }
  return quotas
}

/** What has to be locked while room of an account is asked for and taken. */
export function quotaNames(account: Account, ctx: Context): string[] {
  return [`account ${account.id}`, ...limitedUnits(account, ctx).map(({ name }) => `unit ${name}`)]
}

/**
 * Bounds what one account can make us keep, and how many slots it can collect (XEP-0363 §4, errors).
 *
 * @throws StanzaFault `resource-constraint`: `wait` with a time where time helps, `cancel` where only room does.
 */
export async function assertRoom(db: Db, account: Account, bytes: number, ctx: Context): Promise<void> {
  const now = ctx.now().getTime()
  const open = await listOpenSlots(db, account.id, new Date(now - SLOT_TTL_MS))
  const oldest = open[0]?.createdAt
  if (open.length >= OPEN_SLOTS_MAX && oldest) {
    throw constraint('upload-slots-open', retryAt(oldest.getTime() + SLOT_TTL_MS))
  }
  for (const quota of await quotasOf(db, account, ctx)) {
    if (quota.limitBytes === undefined || quota.usedBytes + bytes <= quota.limitBytes) continue
    throw constraint(EXHAUSTED[quota.kind], quota.kind === 'day' ? retryAt(now + DAY_MS / 24) : buildQuotas([quota]))
  }
}

/** `<quotas xmlns='urn:drawbridge:upload:1'/>`: what is used and how much may be, in bytes. */
export function buildQuotas(quotas: readonly Quota[]): Element {
  const of = ({ kind, name, usedBytes, limitBytes }: Quota) =>
    xml('quota', {
      kind,
      name,
      used: String(usedBytes),
      limit: limitBytes === undefined ? undefined : String(limitBytes),
    })
  return xml('quotas', { xmlns: NS_DRAWBRIDGE_UPLOAD }, ...quotas.map(of))
}

function limitedUnits({ bareJid }: Account, { gate, units }: Context) {
  return units.of(bareJid).flatMap(({ name }) => {
    const { media } = gate.settings
    const limitBytes = Object.hasOwn(media.units, name) ? media.units[name]?.maxUnitBytes : undefined
    return limitBytes === undefined || limitBytes === null ? [] : [{ name, limitBytes }]
  })
}

const limitOf = (bytes: number | null) => (bytes === null ? {} : { limitBytes: bytes })

const retryAt = (at: number) => xml('retry', { xmlns: NS_UPLOAD, stamp: formatDateTime(new Date(at)) })

function constraint(code: ErrorCode, app: Element): StanzaFault {
  const { type, condition, text } = CODES[code]
  return new StanzaFault({ condition, type, text: text.en, app })
}
