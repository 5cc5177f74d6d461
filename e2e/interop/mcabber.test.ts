import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { makeHome, openTerminal } from '../support/terminal.ts'
import { describeClient } from './foreign-client.ts'

describeClient('mcabber', async ({ jid, password, bob }, { c2sPort, certificate }) => {
  const home = await makeHome('mcabber')
  const directory = join(home, '.mcabber')
  const traceFile = join(home, 'trace')
  await mkdir(directory, { mode: 0o700 })
  await writeFile(
    join(directory, 'mcabberrc'),
    `set jid = ${jid}
set password = ${password}
set server = localhost
set port = ${c2sPort}
set tls = 1
set ssl_ca = ${certificate}
set tracelog_level = 3
set tracelog_file = ${traceFile}
`,
    { mode: 0o600 },
  )
  const terminal = await openTerminal({ command: 'mcabber', home })
  const { type, shows } = terminal
  const trace = () => readFile(traceFile, 'utf8')
  await shows('Your status has been set')
  /** Goes to the window of a conversation or room. */
  const goTo = async (address: string) => {
    await type('/roster search status')
    await type(`/roster search ${address}`)
    await shows(new RegExp(`(Buddy|Room): ${address}`))
    await type('')
  }

  return {
    mechanism: async () => /<auth mechanism="([^"]+)"/.exec(await trace())?.[1] ?? '',
    addContact: (contact) => type(`/add ${contact}`),
    async acceptContact(contact) {
      await eventually(trace, `<${contact}> wants to subscribe to your presence updates`)
      await type(`/authorization allow ${contact}`)
    },
    seesOnline: async (contact) => void (await shows(`{o} ${contact.split('@')[0]}`)),
    async say(to, text) {
      await goTo(to)
      await type(text)
    },
    // Before a line stands `r->` until its receipt has come.
    async knowsArrived(text) {
      await goTo(bob)
      await shows(`--> ${text}`)
    },
    async shows(from, text) {
      await goTo(from)
      await shows(text)
    },
    joinRoom: (room, nick) => type(`/room join ${room} ${nick}`),
    async showsInRoom(room, text) {
      await goTo(room)
      await shows(text)
    },
    async sayInRoom(room, text) {
      await goTo(room)
      await type(`/say ${text}`)
    },
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  }
})
