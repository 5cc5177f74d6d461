import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createClient } from 'stanza'
import type { Stanzas } from 'stanza'
import { describeClient } from './foreign-client.ts'

type ReceivedMessage = Stanzas.ReceivedMessage

const WAIT_MS = 10_000

describeClient('stanza.js', async ({ jid, password }, { url }) => {
  const client = createClient({
    jid,
    password,
    transports: { websocket: `${url.replace('http', 'ws')}/xmpp-websocket`, bosh: false },
  })
  const seen: { event: string; value: unknown }[] = []
  const watchers = new Set<() => void>()
  client.on('*', (event, value) => {
    seen.push({ event: String(event), value })
    for (const look of [...watchers]) look()
  })
  /** The first event of this name, past or future, that matches. */
  const next = <T>(event: string, matches: (value: T) => boolean = () => true) =>
    new Promise<T>((resolve, reject) => {
      const look = () => {
        const found = seen.find((candidate) => candidate.event === event && matches(candidate.value as T))
        if (!found) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve(found.value as T)
      }
      const timer = setTimeout(() => {
        watchers.delete(look)
        reject(new Error(`no ${event}; seen ${JSON.stringify(seen.slice(-5))}`))
      }, WAIT_MS)
      watchers.add(look)
      look()
    })
  const hasBody = (text: string) => (message: ReceivedMessage) => message.body === text
  const comesFrom = (contact: string) => (stanza: { from?: string }) => stanza.from?.startsWith(contact) === true

  let mechanism = ''
  client.on('raw:outgoing', (data) => {
    mechanism ||= /<auth .*mechanism="([^"]+)"/.exec(data)?.[1] ?? ''
  })
  client.connect()
  await next('session:started')
  await client.getRoster()
  client.sendPresence()

  return {
    mechanism: async () => mechanism,
    async addContact(to) {
      await client.updateRosterItem({ jid: to, name: 'Bob', subscription: 'none' })
      client.subscribe(to)
    },
    async acceptContact(from) {
      await next('subscribe', comesFrom(from))
      client.acceptSubscription(from)
    },
    seesOnline: async (contact) => void (await next('available', comesFrom(contact))),
    say: async (to, body) =>
      void client.sendMessage({ to, type: 'chat', body, id: body, receipt: { type: 'request' } }),
    knowsArrived: async (body) =>
      void (await next<ReceivedMessage>(
        'receipt',
        ({ receipt }) => receipt?.type === 'received' && receipt.id === body,
      )),
    shows: async (_from, body) => void (await next('message', hasBody(body))),
    async showsHistory(contact, body) {
      const { results } = await client.searchHistory({ with: contact, paging: { max: 50 } })
      const found = (results ?? []).map(({ item }) => item.message?.body)
      if (!found.includes(body)) throw new Error(`not in ${JSON.stringify(found)}`)
    },
    joinRoom: async (room, nick) => void (await client.joinRoom(room, nick)),
    sayInRoom: async (room, body) => void client.sendMessage({ to: room, type: 'groupchat', body }),
    showsInRoom: async (_room, body) => void (await next('groupchat', hasBody(body))),
    async share(to, path) {
      const bytes = await readFile(path)
      const service = await client.getUploadService()
      const file = { name: 'photo.png', size: bytes.length, mediaType: 'image/png' }
      const { upload, download } = await client.getUploadSlot(service.jid, file)
      if (upload?.url === undefined || download === undefined) throw new Error('no slot')
      const headers = Object.fromEntries((upload.headers ?? []).map(({ name, value }) => [name, value ?? '']))
      const put = await fetch(upload.url, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'image/png' },
        body: bytes,
      })
      if (put.status !== 201) throw new Error(`upload: ${put.status}`)
      client.sendMessage({ to, type: 'chat', body: download, links: [{ url: download }] })
    },
    correct: async (to, was, body) => void client.sendMessage({ to, type: 'chat', body, replace: was }),
    async showsCorrection(_from, was, body) {
      const { id } = await next('message', hasBody(was))
      await next<ReceivedMessage>('replace', (message) => hasBody(body)(message) && message.replace === id)
    },
    async publishAvatar(path) {
      const bytes = await readFile(path)
      const id = createHash('sha1').update(bytes).digest('hex')
      await client.publishAvatar(id, bytes)
      await client.useAvatars([{ id, bytes: bytes.length, mediaType: 'image/png', width: 64, height: 48 }])
    },
    block: (contact) => client.block(contact),
    async [Symbol.asyncDispose]() {
      client.disconnect()
      await next('disconnected')
    },
  }
})
