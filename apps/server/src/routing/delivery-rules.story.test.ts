import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listArchive } from '@drawbridge/db'
import { OutboundQueue } from '../stream/resume.ts'
import { story } from '../../test/story.ts'
import type { Device, Story } from '../../test/story.ts'

// RFC 6121 §8 and RFC 6120 §10.3 to §10.5 as one table, through the real router: who sends, to which address, what, and
// where it ends. bob has a device of each kind, hank's only one waits to be resumed, mute's have no use for messages,
// away has none, closed is disabled, and nobody does not exist. alice may see bob and hank, mallory nobody.
//
// An outcome names the resources that get the stanza. `stored`: it waits in the archive (XEP-0160). `ignored`: nothing
// happens, and nobody hears of it. `answer`: the server answers for the account. Everything else is a stanza error.

const TABLE = `
8.5.1     | alice   | nobody@im.test    | message normal chat groupchat headline                      | service-unavailable
8.5.1     | alice   | nobody@im.test/x  | message normal chat groupchat headline                      | service-unavailable
8.5.1     | alice   | closed@im.test    | message normal chat groupchat headline                      | service-unavailable
8.5.1     | alice   | nobody@im.test    | message error                                               | ignored
8.5.1     | alice   | nobody@im.test    | presence available unavailable subscribed unsubscribe unsubscribed probe error | ignored
8.5.1     | alice   | nobody@im.test/x  | presence available unavailable subscribed unsubscribe unsubscribed probe error | ignored
8.5.1     | alice   | nobody@im.test    | iq get set                                                  | service-unavailable
8.5.1     | alice   | nobody@im.test/x  | iq get set                                                  | service-unavailable
8.5.1     | alice   | nobody@im.test    | iq result error                                             | ignored
8.5.2.1.1 | alice   | bob@im.test       | message normal chat headline                                | phone desk
8.5.2.1.1 | mallory | bob@im.test       | message normal chat headline                                | phone desk
8.5.2.1.1 | alice   | bob@im.test       | message groupchat                                           | service-unavailable
8.5.2.1.1 | alice   | bob@im.test       | message error                                               | ignored
8.5.2.1.1 | alice   | hank@im.test      | message normal chat headline                                | train
8.5.2.1.2 | mallory | bob@im.test       | presence available unavailable                              | phone desk bot
8.5.2.1.2 | mallory | hank@im.test      | presence available unavailable                              | train
8.5.2.1.2 | mallory | bob@im.test       | presence subscribe                                          | phone desk bot
8.5.2.1.2 | alice   | bob@im.test       | presence subscribed unsubscribed error                      | ignored
8.5.2.1.2 | alice   | bob@im.test       | presence probe                                              | answer phone desk bot
8.5.2.1.2 | mallory | bob@im.test       | presence probe                                              | ignored
8.5.2.1.3 | alice   | bob@im.test       | iq get set                                                  | service-unavailable
8.5.2.1.3 | alice   | bob@im.test       | iq vcard                                                    | answer
8.5.2.1.3 | alice   | bob@im.test       | iq result error                                             | ignored
8.5.2.2.1 | alice   | mute@im.test      | message normal chat                                         | stored
8.5.2.2.1 | alice   | away@im.test      | message normal chat                                         | stored
8.5.2.2.1 | alice   | away@im.test      | message groupchat                                           | service-unavailable
8.5.2.2.1 | alice   | away@im.test      | message headline error                                      | ignored
8.5.2.2.1 | alice   | mute@im.test      | message headline error                                      | ignored
8.5.2.2.2 | alice   | away@im.test      | presence available unavailable probe error                  | ignored
8.5.2.2.3 | alice   | away@im.test      | iq get set                                                  | service-unavailable
8.5.3.1   | mallory | bob@im.test/phone | message normal chat groupchat headline error                | phone
8.5.3.1   | alice   | bob@im.test/bot   | message normal chat groupchat headline error                | bot
8.5.3.1   | alice   | bob@im.test/quiet | message normal chat groupchat headline error                | quiet
8.5.3.1   | alice   | hank@im.test/train| message normal chat groupchat headline error                | train
8.5.3.1   | mallory | bob@im.test/phone | presence available unavailable error                        | phone
8.5.3.1   | alice   | bob@im.test/phone | presence subscribed unsubscribed                            | ignored
8.5.3.1   | alice   | bob@im.test/phone | iq get set result error                                     | phone
8.5.3.1   | alice   | hank@im.test/train| iq get set result error                                     | train
8.5.3.1   | mallory | bob@im.test/phone | iq get set                                                  | service-unavailable
8.5.3.1   | mallory | bob@im.test/phone | iq result error                                             | phone
8.5.3.1   | alice   | bob@im.test/quiet | iq get set                                                  | service-unavailable
8.5.3.1   | alice   | bob@im.test/quiet | iq result error                                             | quiet
8.5.3.1   | trusted | bob@im.test/phone | iq get set                                                  | phone
8.5.3.1   | trusted | bob@im.test/desk  | iq get set                                                  | service-unavailable
8.5.3.2.1 | alice   | bob@im.test/old   | message normal groupchat headline                           | service-unavailable
8.5.3.2.1 | alice   | bob@im.test/old   | message chat                                                | phone desk
8.5.3.2.1 | alice   | away@im.test/old  | message chat                                                | stored
8.5.3.2.1 | alice   | mute@im.test/old  | message chat                                                | stored
8.5.3.2.1 | alice   | bob@im.test/old   | message error                                               | ignored
8.5.3.2.2 | mallory | bob@im.test/old   | presence available unavailable error                        | ignored
8.5.3.2.2 | carol   | bob@im.test/old   | presence subscribe                                          | phone desk bot
8.5.3.2.3 | alice   | bob@im.test/old   | iq get set                                                  | service-unavailable
8.5.3.2.3 | alice   | bob@im.test/old   | iq result error                                             | ignored
10.3.1    | bob     |                   | message normal chat headline                                | phone desk
10.3.1    | bob     |                   | message groupchat                                           | service-unavailable
10.3.3    | bob     |                   | iq vcard                                                    | answer
10.3.3    | bob     |                   | iq get set                                                  | service-unavailable
10.4      | alice   | dora@remote.test  | message normal chat groupchat headline                      | remote-server-not-found
10.4      | alice   | dora@remote.test  | presence available subscribe probe                          | remote-server-not-found
10.4      | alice   | remote.test       | iq get set                                                  | remote-server-not-found
10.4      | alice   | dora@remote.test  | message error                                               | ignored
10.5.1    | alice   | im.test           | iq ping                                                     | answer
10.5.1    | alice   | im.test           | iq get set                                                  | service-unavailable
10.5.1    | alice   | im.test           | message normal chat headline                                | service-unavailable
10.5.1    | alice   | im.test           | message error                                               | ignored
10.5.1    | alice   | im.test           | presence available unavailable subscribe probe              | ignored
10.5.2    | alice   | im.test/desk      | iq get set                                                  | service-unavailable
10.5.2    | alice   | im.test/desk      | message chat                                                | service-unavailable
`

const ROWS = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .flatMap(([section = '', from = '', to = '', stanzas = '', outcome = '']) => {
    const [kind = '', ...types] = stanzas.split(' ')
    return types.map((type) => ({ section, from, to, kind, type, outcome }))
  })

const PAYLOADS: Readonly<Record<string, string>> = {
  vcard: '<vCard xmlns="vcard-temp"/>',
  ping: '<ping xmlns="urn:xmpp:ping"/>',
}

let s: Story<never>
const senders = new Map<string, Device>()
/** Devices that may get something, by resource. */
const devices = new Map<string, Device>()
let count = 0

beforeAll(async () => {
  s = await story({})
  for (const name of ['alice', 'mallory', 'carol', 'trusted']) senders.set(name, await s.connect(name, 'asks'))
  for (const [name, resource, presence] of [
    ['bob', 'phone', '<presence><priority>5</priority></presence>'],
    ['bob', 'desk', '<presence/>'],
    ['bob', 'bot', '<presence><priority>-1</priority></presence>'],
    ['bob', 'quiet', undefined],
    ['mute', 'silent', '<presence><priority>-1</priority></presence>'],
    ['mute', 'hidden', undefined],
    ['hank', 'train', '<presence/>'],
  ] as const) {
    const device = await s.connect(name, resource)
    devices.set(resource, device)
    if (presence !== undefined) await device.available(presence)
  }
  for (const name of ['away', 'closed']) await s.addAccount(name)
  senders.set('bob', devices.get('quiet')!)
  const closed = s.server.ctx.accounts.find('closed')!
  s.server.ctx.accounts.put({ ...closed, isDisabled: true })
  for (const contact of ['phone', 'train']) {
    const device = devices.get(contact)!
    await senders.get('alice')!.send(`<presence type="subscribe" to="${device.session.account.bareJid}"/>`)
    await device.send('<presence type="subscribed" to="alice@im.test"/>')
  }
  await devices.get('phone')!.send('<presence to="trusted@im.test/asks"/>')
  await devices.get('phone')!.ask('set', '<vCard xmlns="vcard-temp"><FN>Bob</FN></vCard>')
  await hibernate(devices.get('train')!)
  for (const device of [...devices.values(), ...senders.values()]) device.received()
})

afterAll(() => s[Symbol.asyncDispose]())

/** The device loses its connection and may come back (XEP-0198 §5): it "still counts as connected". */
async function hibernate({ session, disconnect }: Device): Promise<void> {
  const id = `sm-${session.jid}`
  await s.server.streams.keepCount(id, session.account)
  session.enableManagement(new OutboundQueue(id, true))
  s.server.ctx.sessions.canResume(id, session)
  disconnect()
}

function build({ to, kind, type }: (typeof ROWS)[number], id: string): string {
  const address = to === '' ? '' : ` to="${to}"`
  const error = '<error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>'
  const inside = type === 'error' ? error : ''
  if (kind === 'message') {
    return `<message type="${type}" id="${id}"${address}>${inside || '<body>hello</body>'}</message>`
  }
  if (kind === 'presence') {
    return `<presence id="${id}"${address}${type === 'available' ? '' : ` type="${type}"`}>${inside}</presence>`
  }
  const iqType = PAYLOADS[type] === undefined ? type : 'get'
  const payload = type === 'result' ? '' : (PAYLOADS[type] ?? (inside || '<unknown xmlns="urn:example:unknown"/>'))
  return `<iq type="${iqType}" id="${id}"${address}>${payload}</iq>`
}

/** What a device got: over its connection, or kept for its return. */
function receivedBy(device: Device): string[] {
  const { outbound, connection } = device.session
  if (connection) return device.received()
  // Presence is not worth a place in the queue while nobody is there: the newest of each sender waits beside it.
  device.session.setActive(true)
  const kept = outbound?.unacknowledged().map((outgoing) => outgoing.text('tcp')) ?? []
  outbound?.acknowledge(outbound.sent)
  return kept
}

async function stored(to: string): Promise<number> {
  const page = await listArchive(s.server.ctx.db, to.split('/')[0]!, { page: { max: 100 } })
  return page === 'item-not-found' ? 0 : page.messages.length
}

async function outcomeOf(row: (typeof ROWS)[number]): Promise<string> {
  const sender = senders.get(row.from)!
  const id = `row${++count}`
  const before = row.kind === 'message' ? await stored(row.to) : 0
  await sender.send(build(row, id))
  const got = [...devices]
    .filter(([, device]) => device !== sender)
    .map(([resource, device]) => [resource, receivedBy(device)] as const)
  const answers = sender.received()
  const error = answers.map((text) => /<error [^>]*><([\w-]+)/.exec(text)?.[1]).find((found) => found !== undefined)
  if (error !== undefined && answers.some((text) => text.includes(`id="${id}"`))) return error
  const reached = got.filter(([, texts]) => texts.some((text) => text.includes(`id="${id}"`)))
  for (const [, texts] of reached) {
    // §8.5.2.1: "the server MUST NOT rewrite the 'to' attribute"; but §3.1.2 has subscriptions stamped as bare.
    const to = row.to === '' ? `${row.from}@im.test` : row.type === 'subscribe' ? row.to.split('/')[0]! : row.to
    expect(texts.find((text) => text.includes(`id="${id}"`))).toContain(`to="${to}"`)
  }
  if (reached.length > 0) return reached.map(([resource]) => resource).join(' ')
  if (answers.some((text) => text.startsWith('<presence'))) {
    return `answer ${answers.map((text) => /from="[^"]*\/(\w+)"/.exec(text)?.[1]).join(' ')}`
  }
  if (answers.length > 0) return 'answer'
  return row.kind === 'message' && (await stored(row.to)) > before ? 'stored' : 'ignored'
}

describe('the delivery rules of RFC 6121 §8 and RFC 6120 §10', () => {
  test.each(ROWS)('§$section: $kind $type from $from to "$to": $outcome', async (row) => {
    expect(await outcomeOf(row)).toBe(row.outcome)
  })
})

// The same with copies, and with devices that wait to be resumed and never are. Everybody here has a phone: `here`, `asleep`
// (it is resumed no more, and ends), or `absent`. There is another device: `desk` of priority 0, `bot` of -1, or `quiet`
// without presence, with carbons or without; it gets the message `itself`, a `copy`, or what the phone `left` (XEP-0198 §5).
// Last comes a new device, which gets what `waits` (XEP-0160 §3).

const COPIES = `
to the account | here   | desk  | off     | chat normal | itself  |
to the account | here   | desk  | carbons | chat normal | itself  |
to the account | here   | bot   | off     | chat normal |         |
to the account | here   | bot   | carbons | chat normal | copy    |
to the account | asleep | desk  | off     | chat normal | itself  |
to the account | asleep | desk  | carbons | chat normal | itself  |
to the account | asleep | bot   | off     | chat normal |         | waits
to the account | asleep | bot   | carbons | chat normal | copy    | waits
to the account | asleep | quiet | carbons | chat normal | copy    | waits
to the account | absent | bot   | off     | chat normal |         | waits
to the account | absent | bot   | carbons | chat normal | copy    | waits
to the account | absent | quiet | carbons | chat normal | copy    | waits
to the account | absent | desk  | carbons | chat normal | itself  |
to the account | asleep | bot   | carbons | headline    |         |
to the phone   | here   | desk  | off     | chat normal |         |
to the phone   | here   | desk  | carbons | chat normal | copy    |
to the phone   | here   | bot   | carbons | chat normal | copy    |
to the phone   | asleep | desk  | off     | chat normal | left    |
to the phone   | asleep | desk  | carbons | chat normal | copy    |
to the phone   | asleep | bot   | off     | chat normal |         | waits
to the phone   | asleep | bot   | carbons | chat normal | copy    | waits
to the phone   | asleep | quiet | off     | chat normal |         | waits
to the phone   | asleep | quiet | carbons | chat normal | copy    | waits
to the phone   | asleep | desk  | carbons | headline    |         |
to the phone   | absent | desk  | carbons | chat        | itself  |
to the phone   | absent | bot   | carbons | chat        | copy    | waits
`

const COPY_ROWS = COPIES.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .flatMap(([address = '', phone = '', other = '', carbons = '', types = '', gets = '', next = '']) =>
    types.split(' ').map((type) => ({ address, phone, other, carbons, type, gets, next })),
  )

const PRESENCES: Readonly<Record<string, string | undefined>> = {
  desk: '<presence/>',
  bot: '<presence><priority>-1</priority></presence>',
}

const hasBody = (body: string) => (element: { toString(): string }) => element.toString().includes(`<body>${body}<`)

describe('copies, and devices that do not come back (RFC 6121 §8.5.2, §8.5.3, XEP-0280 §7, XEP-0198 §5, XEP-0160 §3)', () => {
  test.each(COPY_ROWS)(
    'a $type $address, phone $phone, $other with carbons $carbons: it gets "$gets", the next "$next"',
    async (row) => {
      const name = `owner${++count}`
      const alice = senders.get('alice')!
      const phone = row.phone === 'absent' ? undefined : await s.connect(name, 'phone')
      const other = await s.connect(name, row.other)
      await phone?.available()
      const presence = PRESENCES[row.other]
      if (presence !== undefined) await other.available(presence)
      if (row.carbons === 'carbons') await other.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
      if (phone && row.phone === 'asleep') await hibernate(phone)

      const to = row.address === 'to the phone' ? `${name}@im.test/phone` : `${name}@im.test`
      await alice.send(`<message type="${row.type}" to="${to}"><body>it</body></message>`)
      const kept = phone?.session.outbound?.unacknowledged().map((outgoing) => outgoing.text('tcp'))
      const atPhone = (kept ?? phone?.received() ?? []).filter((text) => text.includes('<body>it<'))
      expect(atPhone).toHaveLength(phone ? 1 : 0)
      phone?.session.end()
      if (row.gets === 'left') await other.next(hasBody('it'))
      const next = await s.connect(name, 'next')
      await next.available()
      for (const device of [other, next]) {
        await alice.send(`<message type="headline" to="${device.jid}"><body>marker</body></message>`)
        await device.next(hasBody('marker'))
      }

      const of = (device: Device) => device.received().filter((text) => text.includes('<body>it<'))
      const kinds = of(other).map((text) =>
        text.includes('urn:xmpp:carbons:2') ? 'copy' : text.includes('<delay ') ? 'left' : 'itself',
      )
      expect(kinds.join()).toBe(row.gets)
      expect(of(next)).toHaveLength(row.next === 'waits' ? 1 : 0)
    },
  )
})
