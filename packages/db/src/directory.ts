import { eq, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, lastActivity, vcard } from './schema/index.ts'

/** Characters of a name that are read, as XML text: more than anybody is looked for by. */
const NAME_MAX = 1000

/** The names people give themselves, as XML text, without fetching the pictures beside them (XEP-0054). */
export function listVcardNames(db: Db): Promise<{ accountId: string; fullName: string | null; nick: string | null }[]> {
  return db
    .select({
      accountId: vcard.accountId,
      fullName: sql<string | null>`left(substring(${vcard.element} from '<FN>([^<]+)</FN>'), ${NAME_MAX})`,
      nick: sql<string | null>`left(substring(${vcard.element} from '<NICKNAME>([^<]+)</NICKNAME>'), ${NAME_MAX})`,
    })
    .from(vcard)
}

/** When an account was last here and what it said, if that is known: by its leaving, else by its signing in. */
export async function findLastActivity(
  db: Db,
  accountId: string,
): Promise<{ at: Date; status: string | null } | undefined> {
  const [row] = await db
    .select({ leftAt: lastActivity.leftAt, status: lastActivity.status, signedInAt: account.signedInAt })
    .from(account)
    .leftJoin(lastActivity, eq(lastActivity.accountId, account.id))
    .where(eq(account.id, accountId))
  const at = row?.leftAt ?? row?.signedInAt
  return row && at ? { at, status: row.status } : undefined
}

/** Notes that an account's last session has ended. An account that is gone leaves nothing behind. */
export async function putLastActivity(db: Db, accountId: string, leftAt: Date, status: string | null): Promise<void> {
  await db.execute(sql`
    insert into ${lastActivity} (account_id, left_at, status)
    select id, ${leftAt.toISOString()}::timestamptz, ${status} from ${account} where id = ${accountId}
    on conflict (account_id) do update set left_at = excluded.left_at, status = excluded.status`)
}
