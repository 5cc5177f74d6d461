import type { Check } from '@drawbridge/contract'
import type { ArchiveWriter, Database } from '@drawbridge/db'
import { createHealth } from '@drawbridge/runtime'
import type { Health } from '@drawbridge/runtime'
import type { EventSinks } from './event-sinks/deliver.ts'
import { checkAntivirus } from './files/antivirus.ts'
import type { Antivirus } from './files/antivirus.ts'

export interface CheckedParts {
  readonly database: Pick<Database, 'pool'>
  readonly writer: Pick<ArchiveWriter, 'isConnected'>
  readonly antivirus: Antivirus | undefined
  readonly eventSinks: EventSinks
}

export interface Checks {
  /** For balancers: what this server cannot work without. */
  readonly health: Health
  /** For administrators: that, and what may be away for a while. */
  list(): Promise<Check[]>
}

/** Whether the parts of the server work. */
export function createChecks({ database, writer, antivirus, eventSinks }: CheckedParts): Checks {
  const health = createHealth()
  health.add('ready', 'database', () => database.pool.query('select 1'))
  health.add('ready', 'archive', () => {
    if (!writer.isConnected) throw new Error('the archive cannot be written')
  })
  return {
    health,
    async list() {
      const { checks } = await health.ready()
      const needed = Object.entries(checks).map(([name, answer]) =>
        answer === 'ok' ? { name, isOk: true } : { name, isOk: false, detail: answer },
      )
      return [...needed, ...(antivirus ? [await checkAntivirus(antivirus)] : []), ...(await eventSinks.checks())]
    },
  }
}
