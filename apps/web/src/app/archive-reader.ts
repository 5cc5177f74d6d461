import { xml, type Connection } from '../connection/connection.ts'
import type { Element } from '../connection/element.ts'
import { buildArchiveQuery, parseArchiveEnd, type ArchiveEnd, type ArchivePage } from '../protocol/archive.ts'
import { parseArchived, type Incoming } from '../protocol/message.ts'
import { NS_MAM } from '@drawbridge/xmpp'

/** One page of the archive, oldest first. */
export interface ArchiveAnswer {
  readonly incoming: readonly Incoming[]
  readonly end: ArchiveEnd
}

export interface ArchiveReader {
  read(page: Omit<ArchivePage, 'queryId'>): Promise<ArchiveAnswer>
  /** Takes a message that carries an archive result; ignores what nobody asked for. */
  receive(stanza: Element): void
}

/** Reads the archive of `account` (XEP-0313): results come as messages, the answer to the query ends them. */
export function createArchiveReader(connection: () => Connection, account: string): ArchiveReader {
  const open = new Map<string, Incoming[]>()
  return {
    async read(page) {
      const queryId = crypto.randomUUID()
      const incoming: Incoming[] = []
      open.set(queryId, incoming)
      try {
        const answer = await connection().request('set', buildArchiveQuery(xml, { ...page, queryId }))
        return { incoming, end: parseArchiveEnd(answer.getChild('fin', NS_MAM)) }
      } finally {
        open.delete(queryId)
      }
    },
    receive(stanza) {
      for (const [queryId, incoming] of open) {
        const entry = parseArchived(stanza, account, queryId)
        if (entry) incoming.push(entry)
      }
    },
  }
}
