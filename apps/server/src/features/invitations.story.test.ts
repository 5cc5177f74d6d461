import { NS_COMMANDS, NS_DISCO_ITEMS, NS_INVITE, NS_ROSTER } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const command = (node: string, sessionId?: string, form = '') =>
  `<command xmlns="${NS_COMMANDS}" node="${NS_INVITE}#${node}" action="${sessionId ? 'complete' : 'execute'}"` +
  `${sessionId ? ` sessionid="${sessionId}"` : ''}>${form}</command>`
const field = (name: string, value: string) => `<field var="${name}"><value>${value}</value></field>`
const form = (...fields: string[]) => `<x xmlns="jabber:x:data" type="submit">${fields.join('')}</x>`

function valuesOf(answer: Element): Record<string, string> {
  const fields = answer.getChild('command')?.getChild('x')?.getChildren('field') ?? []
  return Object.fromEntries(fields.map((one) => [one.attrs['var'] ?? '', one.getChildText('value') ?? '']))
}

async function nodes(device: Device): Promise<string> {
  const query = `<query xmlns="${NS_DISCO_ITEMS}" node="${NS_COMMANDS}"/>`
  return (await device.ask('get', query, 'im.test')).toString()
}

const tokenOf = (uri = '') => /preauth=([0-9a-f]{40})/.exec(uri)?.[1] ?? ''
const subscribe = (to: string, token: string) =>
  `<presence type="subscribe" to="${to}"><preauth xmlns="urn:xmpp:pars:0" token="${token}"/></presence>`
const roster = async (device: Device) => (await device.ask('get', `<query xmlns="${NS_ROSTER}"/>`)).toString()

async function romeoAndJuliet(settings: Readonly<Record<string, unknown>> = {}) {
  const s = await story({ romeo: 1, juliet: 1, paris: 1 }, { settings: { registration: settings } })
  for (const device of [s.romeo, s.juliet, s.paris]) {
    await roster(device)
    await device.available()
    device.received()
  }
  return s
}

test('a user gets an invitation at once, with its address, its page and its end (XEP-0401 §4.1)', async () => {
  const now = new Date('2026-11-23T04:00:00Z')
  await using s = await story(
    { romeo: 1 },
    {
      now: () => now,
      settings: { registration: { isInBand: true, mayUsersInvite: true, invitationLifetimeMs: '1d' } },
    },
  )
  expect(await nodes(s.romeo)).toContain(`<item jid="im.test" node="${NS_INVITE}#invite" name="Invite user"/>`)
  const answer = await s.romeo.ask('set', command('invite'), 'im.test')
  expect(answer.getChild('command')?.attrs['status']).toBe('completed')
  const { FORM_TYPE, uri, expire, ...rest } = valuesOf(answer)
  expect(FORM_TYPE).toBe(`${NS_INVITE}#invitation`)
  expect(uri).toMatch(/^xmpp:romeo@im\.test\?roster;preauth=[0-9a-f]{40};ibr=y$/)
  expect(rest).toEqual({ 'landing-url': `http://im.test/invite/${tokenOf(uri)}` })
  expect(expire).toBe('2026-11-24T04:00:00.000Z')
})

test('where in-band registration is off the address does not promise it (XEP-0401 §4.1)', async () => {
  await using s = await romeoAndJuliet({ mayUsersInvite: true })
  const { uri } = valuesOf(await s.romeo.ask('set', command('invite'), 'im.test'))
  expect(uri).toMatch(/\?roster;preauth=[0-9a-f]{40}$/)
})

test('a request with the token makes the two contacts, without a question (XEP-0379 §3.4, §3.5)', async () => {
  await using s = await romeoAndJuliet()
  const { uri } = valuesOf(await s.romeo.ask('set', command('invite'), 'im.test'))
  // As §3.4 has it: she lets him see her, too.
  await s.juliet.send('<presence type="subscribed" to="romeo@im.test"/>')
  await s.juliet.send(subscribe('romeo@im.test', tokenOf(uri)))
  expect(s.romeo.received().join()).not.toContain('type="subscribe"')
  expect(await roster(s.romeo)).toContain('<item jid="juliet@im.test" subscription="both"')
  expect(await roster(s.juliet)).toContain('<item jid="romeo@im.test" subscription="both"')
})

test('without her word he only gets to ask her (XEP-0379 §3.6)', async () => {
  await using s = await romeoAndJuliet()
  const { uri } = valuesOf(await s.romeo.ask('set', command('invite'), 'im.test'))
  await s.juliet.send(subscribe('romeo@im.test', tokenOf(uri)))
  expect(await roster(s.juliet)).toContain('<item jid="romeo@im.test" subscription="to"')
  expect(s.juliet.received().join()).toContain('<presence type="subscribe" from="romeo@im.test"')
})

test('a token of somebody else’s, used up or made up, is as good as none (XEP-0379 §4.1)', async () => {
  await using s = await romeoAndJuliet()
  const { uri } = valuesOf(await s.romeo.ask('set', command('invite'), 'im.test'))
  await s.paris.send(subscribe('juliet@im.test', tokenOf(uri)))
  await s.paris.send(subscribe('romeo@im.test', 'x'.repeat(40)))
  expect(s.juliet.received().join()).toContain('type="subscribe"')
  expect(s.romeo.received().join()).toContain('type="subscribe"')
  await s.juliet.send(subscribe('romeo@im.test', tokenOf(uri)))
  await s.paris.send('<presence type="unsubscribe" to="romeo@im.test"/>')
  await s.paris.send(subscribe('romeo@im.test', tokenOf(uri)))
  expect(await roster(s.paris)).toContain('<item jid="romeo@im.test" subscription="none" ask="subscribe"/>')
})

test('SP-15 only who may create accounts sees and uses that command (XEP-0401 §4.4)', async () => {
  await using s = await romeoAndJuliet()
  expect(await nodes(s.romeo)).not.toContain('#create-account')
  expect((await s.romeo.ask('set', command('create-account'), 'im.test')).toString()).toContain('<forbidden ')
  // What a user makes lets nobody in who has no account.
  const { uri } = valuesOf(await s.romeo.ask('set', command('invite'), 'im.test'))
  expect((await s.server.ctx.invitations.find(tokenOf(uri)))?.makesAccount).toBe(false)
})

test('whoever may creates an invitation for a name, which nobody else gets (XEP-0401 §4.4)', async () => {
  await using s = await romeoAndJuliet({ mayUsersInvite: true })
  const asked = (await s.romeo.ask('set', command('create-account'), 'im.test')).getChild('command')
  expect(asked?.attrs['status']).toBe('executing')
  expect(asked?.toString()).toContain('<field var="username" type="text-single"')
  const submit = form(field('username', 'Benvolio'), field('roster-subscription', 'true'))
  const answer = await s.romeo.ask('set', command('create-account', asked?.attrs['sessionid'], submit), 'im.test')
  const { uri } = valuesOf(answer)
  expect(uri).toMatch(/^xmpp:benvolio@im\.test\?register;preauth=[0-9a-f]{40}$/)
  await expect(administratorOf(s.server)('createInvitation', {}, { name: 'benvolio' })).rejects.toMatchObject({
    code: 'account-exists',
  })
  const invitation = await s.server.ctx.invitations.find(tokenOf(uri))
  expect(invitation && s.server.ctx.invitations.inviterOf(invitation)?.localpart).toBe('romeo')
})

test('an invitation ends with its time, and with the account of whoever invited (XEP-0401 §4.1)', async () => {
  let now = new Date('2026-11-23T04:00:00Z')
  await using s = await story({ romeo: 1, juliet: 1 }, { now: () => now })
  const { find } = s.server.ctx.invitations
  const first = valuesOf(await s.romeo.ask('set', command('invite'), 'im.test'))
  const second = valuesOf(await s.juliet.ask('set', command('invite'), 'im.test'))
  expect(await find(tokenOf(second['uri']))).toBeDefined()
  await administratorOf(s.server)('disableAccount', { name: 'juliet' })
  expect(await find(tokenOf(second['uri']))).toBeUndefined()
  now = new Date('2026-11-30T04:00:01Z')
  expect(await find(tokenOf(first['uri']))).toBeUndefined()
})

test('nobody fills the database with invitations', async () => {
  await using s = await story({ romeo: 1 })
  for (let n = 0; n < 100; n++) await s.romeo.ask('set', command('invite'), 'im.test')
  expect((await s.romeo.ask('set', command('invite'), 'im.test')).toString()).toContain('<resource-constraint ')
})
