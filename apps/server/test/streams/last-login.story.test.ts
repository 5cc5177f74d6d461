import { expect, test } from 'vitest'
import { runServer } from './running-server.ts'
import { bound } from './sign-in.ts'

const COMMANDS = 'http://jabber.org/protocol/commands'
const NODE = 'http://jabber.org/protocol/admin#get-user-lastlogin'

test('I see when somebody signed in last, and that somebody else never did (XEP-0133 §4.9)', async () => {
  await using server = await runServer()
  await server.admin('POST', '/api/v1/accounts', { name: 'root', password: 'root-password', isAdmin: true })
  for (const name of ['alice', 'bob']) await server.account(name)
  const root = await bound(await server.tcp(), 'root')
  let asked = 0
  const lastLogin = async (name: string) => {
    const ask = async (attrs: string, inside = '') => {
      const id = `ask${++asked}`
      root.send(
        `<iq type='set' to='im.test' id='${id}'><command xmlns='${COMMANDS}' node='${NODE}' ${attrs}>${inside}</command></iq>`,
      )
      return root.until(new RegExp(`<iq [^>]*id="${id}".*?</iq>`, 's'))
    }
    const session = /sessionid="([^"]+)"/.exec(await ask(''))?.[1] ?? ''
    const form = `<x xmlns='jabber:x:data' type='submit'><field var='accountjids'><value>${name}@im.test</value></field></x>`
    const reply = await ask(`sessionid='${session}' action='complete'`, form)
    return /<field var="lastlogin"[^>]*><value>([^<]*)/.exec(reply)?.[1]
  }
  const startedAt = Date.now()
  const alice = await bound(await server.tcp(), 'alice')
  await expect.poll(async () => Date.parse((await lastLogin('alice')) ?? '')).toBeGreaterThanOrEqual(startedAt)
  expect(await lastLogin('bob')).toBe('never')
  // Also when it is long over.
  alice.destroy()
  expect(Date.parse((await lastLogin('alice')) ?? '')).toBeLessThanOrEqual(Date.now())
  root.destroy()
})
