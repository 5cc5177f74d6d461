import { createArchiveWriter, openDatabase } from '@drawbridge/db'
import type { ArchiveWriter, Database, Db } from '@drawbridge/db'
import { join } from 'node:path'
import { startAuditSigning } from './audit-signing.ts'
import type { AuditSigning } from './audit-signing.ts'
import { openBlobs } from './blobs/blobs.ts'
import type { Blobs } from './blobs/blobs.ts'
import { sinksFrom, startDelivery } from './event-sinks/deliver.ts'
import type { EventSinks } from './event-sinks/deliver.ts'
import type { Ground } from './ground.ts'
import { loadAccounts } from './routing/accounts.ts'
import type { Accounts } from './routing/accounts.ts'
import { loadUnits } from './routing/units.ts'
import type { Units } from './routing/units.ts'

/** Where everything is kept, and who there is. */
export interface Storage {
  readonly url: string
  readonly database: Database
  readonly db: Db
  readonly blobs: Blobs
  readonly writer: ArchiveWriter
  readonly signing: AuditSigning
  readonly eventSinks: EventSinks
  readonly accounts: Accounts
  readonly units: Units
}

/** Connects to the database and reads what is in memory from the start on. Rejects when one of them cannot be had. */
export async function openStorage({ config, at, log, now, parts }: Ground): Promise<Storage> {
  const { domain, databaseUrl: url } = config.common
  if (url === undefined) throw new Error('DRAWBRIDGE_DATABASE_URL is missing: start with `npm start`.')
  const database = parts.use(openDatabase(url, { onError: (error) => log.warn('database connection lost', { error }) }))
  const { db } = database
  const blobs = await openBlobs(config.blobs, at.blobs)
  const writer = parts.use(
    createArchiveWriter({
      url,
      onError: (error) => log.warn('the archive cannot be written; messages wait', { error }),
    }),
  )
  const signing = parts.use(
    await startAuditSigning(db, join(at.secrets, 'audit-key'), log.child({ part: 'audit' }), now),
  )
  const eventLog = log.child({ part: 'events' })
  const sinks = sinksFrom(config.eventSinks, domain, eventLog)
  const eventSinks = parts.use(startDelivery({ db, sinks, log: eventLog }))
  const accounts = await loadAccounts(db, domain)
  const units = await loadUnits(db, accounts)
  return { url, database, db, blobs, writer, signing, eventSinks, accounts, units }
}
