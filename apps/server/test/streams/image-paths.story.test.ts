import type { Sanitize } from '@drawbridge/contract'
import { createPepNode, DEFAULT_NODE_CONFIG, openDatabase, publishPepItem, putVcard, uuidv7 } from '@drawbridge/db'
import type { Database } from '@drawbridge/db'
import { cleanImage } from '@drawbridge/testkit'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { BoshClient } from './bosh-client.ts'
import { attacksOf, namesOf } from './image-attacks.ts'
import type { Attack } from './image-attacks.ts'
import { dialTcp } from './line.ts'
import type { Line } from './line.ts'
import { rawImage, Recorder } from './recorder.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound } from './sign-in.ts'

const SECRET = 'a-secret-of-the-bridge'
const PUBSUB = 'http://jabber.org/protocol/pubsub'
const HALL = 'hall@rooms.im.test'
const OPEN = `<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>open</value></field></x></publish-options>`

/** A line of which everything is recorded. */
interface Tap {
  readonly line: Line
  readonly path: string
}

/** Sends, and waits until the server has answered a request that was sent after it; what came is recorded. */
async function settle(tap: Tap, text: string, recorder: Recorder, isVictim: boolean): Promise<string> {
  const id = `p${(settled += 1)}`
  tap.line.send(
    `${text}<iq xmlns='jabber:client' type='get' id='${id}' to='im.test'><ping xmlns='urn:xmpp:ping'/></iq>`.replace(
      /^\s+/,
      '',
    ),
  )
  const got = await tap.line.until(new RegExp(`<iq [^>]*id="${id}"[^>]*/>`))
  if (isVictim) recorder.text(tap.path, got)
  return got
}
let settled = 0

async function joinBridge(server: RunningServer): Promise<Line> {
  const line = await dialTcp(server.componentPort)
  line.send(
    `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='bridge.im.test'>`,
  )
  const id = /\bid="([^"]+)"/.exec(await line.until(/<stream:stream [^>]*>/))?.[1] ?? ''
  line.send(
    `<handshake>${createHash('sha1')
      .update(id + SECRET)
      .digest('hex')}</handshake>`,
  )
  await line.until(/<handshake\/>/)
  return line
}

/** What a hostile dump of another server would leave: rows that no filter has seen. */
async function importArchive(database: Database, attacks: readonly Attack[], aliceId: string): Promise<void> {
  const { db } = database
  for (const owner of ['bob@im.test', HALL]) {
    for (const { name, xml } of attacks) {
      const isRoom = owner === HALL
      const from = isRoom ? `${HALL}/eve` : 'eve@im.test'
      const stanza = `<message xmlns="jabber:client" type="${isRoom ? 'groupchat' : 'chat'}" from="${from}" to="${owner}" id="${name}"><body>imported ${name}</body>${xml}</message>`
      await importMessage(database, owner, from, stanza)
    }
  }
  await importMessage(database, 'bob@im.test', 'eve@im.test', '<message>not <well>formed')
  for (const { name, xml } of attacks) {
    await createPepNode(db, aliceId, { ...DEFAULT_NODE_CONFIG, node: `imported-${name}`, accessModel: 'open' })
    await publishPepItem(db, aliceId, `imported-${name}`, {
      itemId: 'x',
      payload: xml.startsWith('<x xmlns="urn:example:emote"') ? `<both xmlns="urn:example">${xml}</both>` : xml,
    })
  }
  const photo = `<PHOTO><TYPE>image/png</TYPE><BINVAL>${rawImage('import-photo').toString('base64')}</BINVAL></PHOTO>`
  await putVcard(db, aliceId, {
    element: `<vCard xmlns="vcard-temp"><FN>A</FN>${photo}</vCard>`,
    photoSha1: 'f'.repeat(40),
    filterVersion: 0,
  })
}

async function importMessage({ pool }: Database, owner: string, from: string, stanza: string): Promise<void> {
  const id = uuidv7()
  const [peer = '', resource = null] = from.split('/')
  await pool.query(`insert into message (id, stanza, sent_at) values ($1, $2, now())`, [id, stanza])
  await pool.query(
    `with o as (insert into archive_owner as o (owner, last_position) values ($1, 1)
       on conflict (owner) do update set last_position = o.last_position + 1 returning last_position)
     insert into archive (owner, position, message_id, peer, resource, direction, sent_at)
     select $1, last_position, $2, $3, $4, 'in', now() from o`,
    [owner, id, peer, resource],
  )
  await pool.query(
    `insert into message_text_queue (message_id, owners, configuration, text) values ($1, $2, 'simple', 'imported')`,
    [id, lexemeOf(owner)],
  )
}

/** How the index of texts calls the owner of an archive. */
const lexemeOf = (owner: string) => `@${createHash('sha256').update(owner).digest('hex').slice(0, 24)}`

test('images rows 3 to 6, 8 to 14, 16, 18 to 25, 28 to 30 and 35 to 37: a victim who records everything finds no byte of an image that is not in the clean store', async () => {
  const recorder = new Recorder()
  const sanitize: Sanitize = (bytes) => {
    const name = createHash('sha256').update(bytes).digest('hex')
    const made = Buffer.from(`\x89PNG\r\n\x1a\nmade by our encoder of ${name}`, 'latin1')
    recorder.made(made)
    return Promise.resolve(cleanImage({ bytes: made }))
  }
  await using server = await runServer({ sanitize, components: { port: 0, secrets: `bridge:${SECRET}` } })
  await using database = openDatabase(server.databaseUrl)
  const origin = `http://localhost:${server.httpPort}`
  for (const name of ['alice', 'bob', 'carol']) await server.account(name)
  const alice: Tap = { line: await bound(await server.tcp(), 'alice'), path: 'attacker' }
  const bob: Tap = { line: await bound(await server.tcp(), 'bob', 'tcp'), path: 'TCP' }
  const web: Tap = { line: await bound(await server.webSocket(), 'bob', 'ws'), path: 'WebSocket and carbons' }
  const bridge = await joinBridge(server)

  const attack = (text: string) => settle(alice, text, recorder, false)
  const watch = (tap: Tap, text: string) => settle(tap, text, recorder, true)
  const asWeb = (text: string) => text
  for (const tap of [bob, web]) {
    tap.line.send(asWeb(`<presence xmlns='jabber:client'/>`))
    tap.line.send(`<iq xmlns='jabber:client' type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>`)
    tap.line.send(`<presence xmlns='jabber:client' to='alice@im.test/r'/>`)
  }
  await attack(`<presence to='${HALL}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
  await attack(
    `<iq type='set' id='own' to='${HALL}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  )
  bob.line.send(`<presence to='${HALL}/bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
  await bob.line.until(/<subject[^>]*\/?>/)

  // A client: chat, room, offline, presence, requests, items, its own profile.
  const table: string[] = []
  for (const { row, name, xml } of attacksOf('client', origin)) {
    const answer = await attack(
      `<message to='bob@im.test' type='chat' id='m-${name}'><body>look</body>${xml}</message>` +
        `<message to='${HALL}' type='groupchat'><body>look</body>${xml}</message>` +
        `<message to='carol@im.test' type='chat'><body>look</body>${xml}</message>` +
        `<presence to='bob@im.test/tcp'><status>x</status>${xml}</presence>` +
        `<iq type='set' id='i-${name}' to='bob@im.test/tcp'><query xmlns='urn:example:q'>${xml}</query></iq>` +
        `<iq type='set' id='e-${name}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='node-${name}'><item id='x'>${xml.includes('/><data') || xml.includes('/><file-sharing') || xml.includes('</captcha>') ? `<both xmlns='urn:example'>${xml}</both>` : xml}</item></publish>${OPEN}</pubsub></iq>`,
    )
    const isRefused = new RegExp(
      `<message [^>]*type="error"[^>]*id="m-${name}"|<message [^>]*id="m-${name}"[^>]*type="error"`,
    ).test(answer)
    table.push(
      `${String(row).padStart(2)}  ${name.padEnd(22)} ${isRefused ? 'refused' : 'passes, cleaned or without it'}`,
    )
    await watch(
      bob,
      `<iq type='get' id='g-${name}' to='alice@im.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='node-${name}'/></pubsub></iq>`,
    )
  }
  // What is said around an item, and addresses.
  const asked = (type: string, payload: string, more = '') =>
    `<iq type='${type}' id='n${++settled}'${more}>${payload}</iq>`
  const info = (what: string, more = '') =>
    asked('get', `<query xmlns='http://jabber.org/protocol/disco#${what}'${more}/>`, ` to='alice@im.test'`)
  const item = (node: string, id: string) =>
    `<pubsub xmlns='${PUBSUB}'><publish node='${node}'><item id='${id}'><x xmlns='urn:example'/></item></publish>${OPEN}</pubsub>`
  await attack(asked('set', item('named', '1')))
  for (const text of namesOf('client')) {
    const config = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${PUBSUB}#node_config</value></field><field var='pubsub#title'><value>${text}</value></field><field var='pubsub#description'><value>${text}</value></field></x>`
    await attack(
      asked('set', item('named', text)) +
        asked('set', item(text, '1')) +
        asked('set', `<pubsub xmlns='${PUBSUB}'><create node='${text}'/></pubsub>`) +
        asked('set', `<pubsub xmlns='${PUBSUB}#owner'><configure node='named'>${config}</configure></pubsub>`) +
        `<presence to='${HALL}/${text}'/><message to='bob@im.test' type='chat' id='${text}'><body>look</body></message>`,
    )
    await watch(bob, info('items') + info('info', ` node='named'`) + info('items', ` node='named'`))
    await watch(bob, asked('get', `<pubsub xmlns='${PUBSUB}'><items node='named'/></pubsub>`, ` to='alice@im.test'`))
  }
  const photo = rawImage('client-own-photo').toString('base64')
  await attack(`<iq type='set' id='v'><vCard xmlns='vcard-temp'><PHOTO><BINVAL>${photo}</BINVAL></PHOTO></vCard></iq>`)
  await watch(bob, `<iq type='get' id='v' to='alice@im.test'><vCard xmlns='vcard-temp'/></iq>`)
  await watch(
    bob,
    `<iq type='get' id='a' to='alice@im.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub></iq>`,
  )

  // A component, with its own word for the end.
  for (const { xml } of attacksOf('component', origin)) {
    bridge.send(`<message from='eve@bridge.im.test/x' to='bob@im.test' type='chat'><body>look</body>${xml}</message>`)
    bridge.send(`<presence from='eve@bridge.im.test/x' to='bob@im.test'><status>x</status>${xml}</presence>`)
    bridge.send(`<iq from='eve@bridge.im.test/x' to='bob@im.test/tcp' type='result' id='none'>${xml}</iq>`)
  }
  for (const text of namesOf('component')) {
    bridge.send(`<message from='eve@bridge.im.test/${text}' to='bob@im.test' type='chat'><body>look</body></message>`)
  }
  bridge.send(
    `<message from='eve@bridge.im.test/x' to='bob@im.test' type='chat'><body>end of the component</body></message>`,
  )
  recorder.text('component', await bob.line.until(/end of the component/))
  await web.line.until(/end of the component/).then((text) => recorder.text(web.path, text))

  // A dump of another server. What the archive, rooms, items, vCards and searches give, and the client that comes later.
  const { rows } = await database.pool.query<{ id: string }>(`select id from account where localpart = 'alice'`)
  await importArchive(database, attacksOf('import', origin), rows[0]!.id)
  const page = (after: string, to = '', more = '') =>
    `<iq type='set' id='q${++settled}'${to}><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>${more}</x><set xmlns='http://jabber.org/protocol/rsm'><max>100</max>${after === '' ? '' : `<after>${after}</after>`}</set></query></iq>`
  const readAll = async (path: string, to?: string, more?: string) => {
    let found = 0
    for (let after: string | undefined = ''; after !== undefined;) {
      bob.line.send(page(after, to, more))
      const text = await bob.line.until(/<iq [^>]*type="(?:result.*?<fin .*?<\/iq>|error.*?<\/iq>)/s)
      recorder.text(path, text)
      found += text.match(/<result /g)?.length ?? 0
      after = text.includes('complete="true"') || !text.includes('<fin ') ? undefined : /<last>([^<]+)</.exec(text)?.[1]
    }
    return found
  }
  const imported = attacksOf('import').length
  expect(await readAll('MAM')).toBeGreaterThan(imported)
  expect(
    await readAll('search', '', `<field var='{urn:xmpp:fulltext:0}fulltext'><value>imported</value></field>`),
  ).toBeGreaterThan(imported)
  expect(await readAll('room archive', ` to='${HALL}'`)).toBeGreaterThan(imported)
  for (const { name } of attacksOf('import')) {
    await watch(
      bob,
      `<iq type='get' id='h-${name}' to='alice@im.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='imported-${name}'/></pubsub></iq>`,
    )
  }
  await watch(bob, `<iq type='get' id='w' to='alice@im.test'><vCard xmlns='vcard-temp'/></iq>`)
  const late: Tap = { line: await bound(await server.tcp(), 'carol', 'late'), path: 'offline' }
  late.line.send(
    `<presence to='${HALL}/carol'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='100'/></x></presence>`,
  )
  recorder.text('room history', await late.line.until(/<subject[^>]*\/?>/))
  await watch(late, '<presence/>')
  await attack(`<message to='carol@im.test' type='chat'><body>the end</body></message>`)
  recorder.text('offline', await late.line.until(/the end/))
  await watch(web, '')

  // Whatever was pointed to.
  for (const url of recorder.urls) {
    if (!url.startsWith(`${origin}/`)) continue
    recorder.file(url, new Uint8Array(await (await fetch(url)).arrayBuffer()))
  }
  process.stdout.write(
    `${table.join('\n')}\n${recorder.bytes} characters recorded, ${recorder.ours.size} images of ours\n`,
  )
  expect(recorder.findings).toEqual([])
  expect(recorder.ours.size).toBeGreaterThan(3)
  expect(recorder.bytes).toBeGreaterThan(100_000)
  expect(server.complaints.filter((line) => line.includes('"level":"error"'))).toEqual([])
}, 60_000)

test('images row 37: a victim who comes by HTTP requests gets no byte of one either (XEP-0206)', async () => {
  const recorder = new Recorder()
  const sanitize: Sanitize = (bytes) => {
    const made = Buffer.from(`\x89PNG\r\n\x1a\nmade by our encoder of ${bytes.length} bytes`, 'latin1')
    recorder.made(made)
    return Promise.resolve(cleanImage({ bytes: made }))
  }
  await using server = await runServer({ sanitize, web: { hasBosh: true } })
  for (const name of ['alice', 'bob']) await server.account(name)
  const alice: Tap = { line: await bound(await server.tcp(), 'alice'), path: 'attacker' }
  const bob = new BoshClient(server.httpPort)
  await bob.signIn('bob')
  await bob.post({}, `<presence xmlns='jabber:client'/>`)
  for (const { name, xml } of attacksOf('bosh')) {
    await settle(
      alice,
      `<message to='bob@im.test' type='chat' id='b-${name}'><body>look</body>${xml}</message>`,
      recorder,
      false,
    )
  }
  alice.line.send(`<message to='bob@im.test' type='chat'><body>the end</body></message>`)
  for (let text = ''; !text.includes('the end');) {
    text = (await bob.post()).toString()
    recorder.text('BOSH', text)
  }
  expect(recorder.findings).toEqual([])
  expect(recorder.ours.size).toBeGreaterThan(0)
  expect(recorder.bytes).toBeGreaterThan(5_000)
}, 60_000)

test('the recorder finds an image in each of the ways that these attacks hide one', () => {
  for (const { name, xml } of attacksOf('test')) {
    const recorder = new Recorder()
    recorder.text('x', xml)
    // These only say that there is something.
    if (name !== 'photo-hash' && name !== 'jingle') expect(recorder.findings, name).not.toEqual([])
  }
})
