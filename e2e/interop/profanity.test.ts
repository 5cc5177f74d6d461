import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { makeHome, openTerminal } from '../support/terminal.ts'
import type { Terminal } from '../support/terminal.ts'
import { describeClient } from './foreign-client.ts'
import type { Persona, Product } from './foreign-client.ts'

const SETTINGS = `[ui]
splash=false
correction.allow=true
[chatstates]
enabled=false
`

/** Profanity with nothing but this account in its home. */
async function open({ jid, password }: Persona, { c2sPort }: Product, settings = SETTINGS) {
  const home = await makeHome('profanity')
  const [config, share] = [join(home, '.config/profanity'), join(home, '.local/share/profanity')]
  for (const directory of [config, share]) await mkdir(directory, { recursive: true })
  await writeFile(join(config, 'profrc'), settings)
  await writeFile(
    join(share, 'accounts'),
    `[alice]
enabled=true
jid=${jid}
server=127.0.0.1
port=${c2sPort}
password=${password}
tls.policy=trust
`,
  )
  const logFile = join(home, 'debug.log')
  const terminal = await openTerminal({ command: `profanity -l DEBUG -f ${logFile} -a alice`, home })
  const log = () => readFile(logFile, 'utf8')
  await terminal.shows('logged in successfully')
  // It asks for history only where it knows already that the server has some.
  await eventually(log, 'connection_features_received')
  for (const setting of ['request', 'send']) await terminal.type(`/receipts ${setting} on`)
  return { terminal, log }
}

describeClient('profanity', async (persona, product) => {
  const { terminal, log } = await open(persona, product)
  const { type, shows, showsInColor } = terminal
  /** Goes to the window of a conversation. From that of a room, `/msg` would mean an occupant. */
  const goTo = async (jid: string) => {
    await type('/win 1')
    await type(`/msg ${jid}`)
    await shows(new RegExp(`^ ${jid}`))
  }
  const at = async (jid: string, line: string) => {
    await goTo(jid)
    await type(line)
  }
  const others: Terminal[] = []

  return {
    mechanism: async () => /<auth mechanism="([^"]+)"/.exec(await log())?.[1] ?? '',
    async addContact(jid) {
      await type('/win 1')
      await type(`/roster add ${jid}`)
      await type(`/sub request ${jid}`)
    },
    async acceptContact(jid) {
      await shows('uthorization request')
      await type(`/sub allow ${jid}`)
    },
    async seesOnline(jid) {
      await goTo(jid)
      await shows(`${jid} [online]`)
    },
    say: at,
    // Red until the receipt is there.
    knowsArrived: async (text) => void (await showsInColor(new RegExp(`\\x1b\\[39m${RegExp.escape(text)}`))),
    async shows(jid, text) {
      await goTo(jid)
      await shows(text)
    },
    async showsHistory(jid, text) {
      const { terminal: fresh } = await open(persona, product, `${SETTINGS}[mam]\nenabled=true\n`)
      others.push(fresh)
      await fresh.type('/mam on')
      await fresh.type(`/msg ${jid}`)
      await fresh.shows(text)
    },
    async joinRoom(room, nick) {
      await type(`/join ${room} nick ${nick}`)
      await shows(new RegExp(`^ ${room.split('@')[0]}`))
    },
    async sayInRoom(_room, text) {
      await type(text)
    },
    async showsInRoom(_room, text) {
      await shows(text)
    },
    share: (jid, path) => at(jid, `/sendfile ${path}`),
    correct: (jid, _was, text) => at(jid, `/correct ${text}`),
    async showsCorrection(jid, was, text) {
      await goTo(jid)
      if ((await shows(text)).includes(was)) throw new Error('what was said first still stands there')
    },
    publishAvatar: (path) => type(`/avatar set ${path}`),
    block: (jid) => type(`/blocked add ${jid}`),
    async [Symbol.asyncDispose]() {
      for (const each of [terminal, ...others]) await each[Symbol.asyncDispose]()
    },
  }
})
