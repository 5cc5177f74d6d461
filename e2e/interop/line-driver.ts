import type { ClientEvent, LineClient } from '../support/line-client.ts'
import type { ForeignClient } from './foreign-client.ts'

/** A client in Python, as the scenarios want it. Its messages have their text for an id. */
export async function driveLineClient(client: LineClient): Promise<ForeignClient> {
  const { mechanism } = await client.next('ready')
  const hasBody = (body: string) => (event: ClientEvent) => event['body'] === body
  const idOf = async (body: string) => (await client.next('message', hasBody(body)))['id']
  return {
    mechanism: async () => String(mechanism),
    addContact: (to) => client.run('subscribe', { to }),
    async acceptContact(from) {
      await client.next('subscribe', ({ sender }) => sender === from)
      await client.run('subscribe', { to: from, type: 'subscribed' })
    },
    async seesOnline(contact) {
      await client.next('presence', ({ sender, type }) => String(sender).startsWith(contact) && type === 'available')
    },
    say: (to, body) => client.run('send', { to, body, receipt: true, id: body }),
    async knowsArrived(body) {
      await client.next('receipt', ({ id }) => id === body)
    },
    async shows(_from, body) {
      await client.next('message', hasBody(body))
    },
    async showsHistory(with_, text) {
      const found = await client.run<{ body: string }[]>('history', { with: with_ })
      if (!found.some(({ body }) => body === text)) throw new Error(`not in ${JSON.stringify(found)}`)
    },
    async joinRoom(room, nick) {
      await client.run('join', { room, nick })
    },
    sayInRoom: (room, body) => client.run('groupchat', { room, body }),
    async showsInRoom(_room, body) {
      await client.next('message', hasBody(body))
    },
    async share(to, path) {
      const url = await client.run<string>('upload', { path, type: 'image/png' })
      await client.run('send', { to, body: url, url })
    },
    correct: (to, was, body) => client.run('correct', { to, id: was, body }),
    async showsCorrection(_from, was, body) {
      const replaced = await idOf(was)
      await client.next('message', (event) => hasBody(body)(event) && event['replaces'] === replaced)
    },
    react: async (to, body, emoji) => client.run('react', { to, id: await idOf(body), emoji }),
    async showsReaction(_from, body, emoji) {
      await client.next('reactions', ({ id, values }) => id === body && String(values) === emoji)
    },
    publishAvatar: (path) => client.run('avatar', { path }),
    block: (contact) => client.run('block', { jid: contact }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
