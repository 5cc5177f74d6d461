/** The company's directory (XEP-0055), as the server answers it. */
import { NS_SEARCH, parseSearchResult, type Found } from '@drawbridge/xmpp'
import { xml } from '../connection/connection.ts'
import { bareJid } from '../protocol/jid.ts'
import { buildPeopleSearch } from '../protocol/people.ts'
import { isOnline, type ChatContext } from './context.ts'

/** People a search shows. */
const PEOPLE_MAX = 8

export interface People {
  /** Whoever has a name that begins like this; nobody without a connection, and where there is no directory. */
  search(name: string): Promise<readonly Found[]>
}

export function createPeople({ account, domain, store, connection }: ChatContext): People {
  return {
    async search(name) {
      if (!isOnline(store)) return []
      const query = buildPeopleSearch(xml, name, PEOPLE_MAX + 1)
      const answer = await connection.request('set', query, domain).catch(() => undefined)
      const found = answer?.getChild('query', NS_SEARCH)
      if (!found) return []
      return parseSearchResult(found)
        .map((person) => ({ ...person, jid: bareJid(person.jid) }))
        .filter(({ jid }) => jid !== account)
        .slice(0, PEOPLE_MAX)
    },
  }
}
