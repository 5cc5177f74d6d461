import { Refusal } from '@drawbridge/contract'
import type { StandingMessageView } from '@drawbridge/contract'
import { appendAudit, deleteStandingMessage, listStandingMessages, putStandingMessage, uuidv7 } from '@drawbridge/db'
import type { StandingMessage } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

type Ids = 'listStandingMessages' | 'getStandingMessage' | 'setStandingMessage' | 'deleteStandingMessage'

const view = ({ kind, text, setBy, setAt }: StandingMessage): StandingMessageView => ({
  kind,
  text,
  setBy,
  setAt: setAt.toISOString(),
})

/** The message of the day and the welcome. */
export function standingMessageHandlers({ db, domain, emit, now }: AdminContext): AdminHandlers<Ids> {
  return {
    listStandingMessages: async () => ({ messages: (await listStandingMessages(db)).map(view) }),
    async getStandingMessage({ params: { kind } }) {
      const message = (await listStandingMessages(db)).find((known) => known.kind === kind)
      if (!message) throw new Refusal('item-not-found')
      return { message: view(message) }
    },
    async setStandingMessage(request) {
      const { kind } = request.params
      const { text, isCorrection = false } = request.body
      const { name: actor } = actorOf(request)
      const message = await db.transaction(async (tx) => {
        const before = (await listStandingMessages(tx)).find((known) => known.kind === kind)
        if (isCorrection && !before) throw new Refusal('item-not-found')
        const id = isCorrection && before ? before.id : uuidv7()
        const message = { kind, id, text, setBy: actor, setAt: now() }
        await putStandingMessage(tx, message)
        await appendAudit(tx, { actor, action: 'set-standing-message', target: domain, detail: { kind, text } }, now())
        return message
      })
      emit('standing-message.changed', { kind, message })
      return { message: view(message) }
    },
    async deleteStandingMessage(request) {
      const { kind } = request.params
      const { name: actor } = actorOf(request)
      const message = await db.transaction(async (tx) => {
        const gone = await deleteStandingMessage(tx, kind)
        if (!gone) throw new Refusal('item-not-found')
        await appendAudit(tx, { actor, action: 'delete-standing-message', target: domain, detail: { kind } }, now())
        return gone
      })
      emit('standing-message.changed', { kind, message: undefined })
      return { message: view(message) }
    },
  }
}
