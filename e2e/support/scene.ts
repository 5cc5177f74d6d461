import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import type { Stack } from './stack.ts'
import { connectClient } from './xmpp-client.ts'
import type { TestClient } from './xmpp-client.ts'

const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
const NS_AVATAR = 'urn:xmpp:avatar'
const NS_RECEIPTS = 'urn:xmpp:receipts'

/** A colleague of alice's, connected by a client of our own. */
export interface Colleague {
  readonly client: TestClient
  readonly address: string
  /** Writes to alice; resolves when the server has it. */
  say(text: string): Promise<void>
  /** Says that everything that comes has come (XEP-0184), as phones do. */
  confirm(text: string): Promise<void>
  close(): Promise<void>
}

export interface ColleagueOptions {
  /** What alice calls them. */
  readonly name: string
  readonly status?: string
  readonly show?: 'away' | 'dnd'
  readonly picture?: Buffer
}

/** Makes somebody whom alice knows: in her list under a name, with presence both ways. */
export async function addColleague(
  stack: Stack,
  alice: TestClient,
  account: string,
  { name, status, show, picture }: ColleagueOptions,
): Promise<Colleague> {
  const { password } = await stack.account(account)
  const client = await connectClient({ port: stack.c2sPort, name: account, password, management: 'resumable' })
  const address = `${account}@localhost`
  const isSubscription = (type: string, from: string) => (element: Element) =>
    element.name === 'presence' && element.attrs['type'] === type && (element.attrs['from'] ?? '').startsWith(from)

  await client.ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
  client.send(xml('presence', {}, show && xml('show', {}, show), status && xml('status', {}, status)))
  await alice.ask('set', xml('query', { xmlns: 'jabber:iq:roster' }, xml('item', { jid: address, name })))
  alice.send(xml('presence', { to: address, type: 'subscribe' }))
  await client.next(isSubscription('subscribe', 'alice@'))
  client.send(xml('presence', { to: 'alice@localhost', type: 'subscribed' }))
  client.send(xml('presence', { to: 'alice@localhost', type: 'subscribe' }))
  await alice.next(isSubscription('subscribe', address))
  alice.send(xml('presence', { to: address, type: 'subscribed' }))
  await client.next(isSubscription('subscribed', 'alice@'))
  if (picture) await publishPicture(client, picture)

  return {
    client,
    address,
    async say(text) {
      const already = client.acked()
      client.send(
        xml('message', { to: 'alice@localhost', type: 'chat', id: crypto.randomUUID() }, xml('body', {}, text)),
      )
      client.send('<r xmlns="urn:xmpp:sm:3"/>')
      await client.next(({ name: nonza, attrs }) => nonza === 'a' && Number(attrs['h']) > already)
    },
    async confirm(text) {
      const { attrs } = await client.next((element) => element.getChildText('body') === text)
      client.send(
        xml(
          'message',
          { to: attrs['from'], id: crypto.randomUUID() },
          xml('received', { xmlns: NS_RECEIPTS, id: attrs['id'] }),
        ),
      )
    },
    close: () => client.end(),
  }
}

/** XEP-0084: first the data, then what announces them. */
async function publishPicture(client: TestClient, png: Buffer): Promise<void> {
  const id = createHash('sha1').update(png).digest('hex')
  const publish = (node: string, payload: Element) =>
    client.ask(
      'set',
      xml(
        'pubsub',
        { xmlns: NS_PUBSUB },
        xml('publish', { node: `${NS_AVATAR}:${node}` }, xml('item', { id }, payload)),
      ),
    )
  await publish('data', xml('data', { xmlns: `${NS_AVATAR}:data` }, png.toString('base64')))
  const info = xml('info', { id, bytes: String(png.length), type: 'image/png', width: '96', height: '96' })
  await publish('metadata', xml('metadata', { xmlns: `${NS_AVATAR}:metadata` }, info))
}

/** A drawn face, 96 × 96 px. */
export function drawFace(ground: string, hair: string, skin: string): Promise<Buffer> {
  return draw(`<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96">
    <rect width="96" height="96" fill="${ground}"/>
    <path d="M14 96c0-22 15-32 34-32s34 10 34 32z" fill="#fff" fill-opacity=".85"/>
    <rect x="39" y="52" width="18" height="20" rx="9" fill="${skin}"/>
    <circle cx="48" cy="40" r="20" fill="${skin}"/>
    <path d="M26 42c-2-22 12-30 24-30s24 8 20 30c-3-10-10-14-22-14s-19 4-22 14z" fill="${hair}"/>
  </svg>`)
}

/** A castle gate in the evening, with its bridge down; 960 × 480 px. */
export function drawGate(): Promise<Buffer> {
  const stones = Array.from({ length: 60 }, (_, i) => {
    const [row, column] = [Math.floor(i / 5), i % 5]
    return `<rect x="${column * 44 - (row % 2) * 22}" y="${row * 26}" width="40" height="22" rx="3"/>`
  }).join('')
  const tower = (x: number) => `<g transform="translate(${x} 90)">
    <rect width="170" height="330" fill="#3b3f63"/>
    <g clip-path="url(#wall)" fill="#454a73">${stones}</g>
    <path d="M-14 44V-8h38v24h26V-8h30v24h10V-8h30v24h26V-8h38v52z" fill="#2d3052"/>
    <rect x="71" y="104" width="28" height="60" rx="14" fill="#ffd27a"/>
  </g>`
  return draw(`<svg xmlns="http://www.w3.org/2000/svg" width="960" height="480">
    <defs>
      <linearGradient id="sky" x2="0" y2="1">
        <stop offset="0" stop-color="#3a3f8f"/><stop offset=".5" stop-color="#c86b98"/>
        <stop offset=".85" stop-color="#ffb877"/>
      </linearGradient>
      <linearGradient id="water" x2="0" y2="1">
        <stop offset="0" stop-color="#b0648f"/><stop offset="1" stop-color="#34376f"/>
      </linearGradient>
      <clipPath id="wall"><rect y="44" width="170" height="286"/></clipPath>
    </defs>
    <rect width="960" height="480" fill="url(#sky)"/>
    <circle cx="856" cy="250" r="54" fill="#ffe3a8"/>
    <path d="M0 340q120-110 280-40t330-20 350 20v180H0z" fill="#6a3f75"/>
    <rect y="400" width="960" height="80" fill="url(#water)"/>
    ${tower(190)}${tower(600)}
    <rect x="350" y="190" width="260" height="230" fill="#33365c"/>
    <path d="M350 200v-30h32v20h32v-20h32v20h68v-20h32v20h32v-20h32v30z" fill="#2d3052"/>
    <path d="M404 420V316a76 76 0 0 1 152 0v104z" fill="#14162c"/>
    <path d="M404 412h152l70 68H334z" fill="#8a5a34"/>
    <path d="M395 424h170M381 438h198M366 452h228M350 467h260" stroke="#5d3a1f" stroke-width="4"/>
    <path d="M398 268l-54 204M562 268l54 204" stroke="#d9c9a0" stroke-width="4" stroke-dasharray="9 5"/>
    <path d="M480 190v-76l62 20-62 20" fill="#e8505b" stroke="#2d3052" stroke-width="5"/>
    <g stroke="#ffe3a8" stroke-opacity=".5" stroke-width="4">
      <path d="M800 424h110M770 446h150M700 464h70M70 430h90M40 456h120"/>
    </g>
  </svg>`)
}

const draw = (svg: string) => sharp(Buffer.from(svg)).png({ compressionLevel: 9 }).toBuffer()
