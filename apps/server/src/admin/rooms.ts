import { hasText } from './search.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { pageOf } from './page.ts'

/** Which rooms there are, by their addresses and names. */
export function roomHandlers({ rooms }: AdminContext): AdminHandlers<'listRooms'> {
  return {
    async listRooms({ query: { text, ...query } }) {
      const found = rooms().filter(({ address, name }) => hasText([address, name], text))
      const { page, more } = pageOf(found, query, ({ address }) => [address])
      return { rooms: page.map(({ name, ...room }) => ({ ...room, ...(name && { name }) })), ...more }
    },
  }
}
