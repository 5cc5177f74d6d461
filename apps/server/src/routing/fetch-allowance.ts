import type { Context } from './feature.ts'

/** What one account may have fetched from the web in a minute: pages and images together. */
const MAX_PER_MINUTE = 30

interface Spent {
  minute: number
  readonly byAccount: Map<string, number>
}

const spent = new WeakMap<Context, Spent>()

/** Charges one fetch to an account; false when it has had enough done in this minute. */
export function chargeFetch(accountId: string, ctx: Context): boolean {
  const minute = Math.floor(ctx.now().getTime() / 60_000)
  const known = spent.get(ctx)
  const now = known?.minute === minute ? known : { minute, byAccount: new Map<string, number>() }
  spent.set(ctx, now)
  const count = (now.byAccount.get(accountId) ?? 0) + 1
  if (count > MAX_PER_MINUTE) return false
  now.byAccount.set(accountId, count)
  return true
}
