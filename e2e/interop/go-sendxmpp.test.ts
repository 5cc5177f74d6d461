import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from '../support/eventually.ts'
import { describeClient } from './foreign-client.ts'

describeClient('go-sendxmpp', async ({ jid, password }, { c2sPort, certificate }) => {
  const running: ChildProcess[] = []
  /** Starts it with these options; what it prints is in `output`. */
  const start = (...options: string[]) => {
    const account = ['--username', jid, '--password', password, '--jserver', `localhost:${c2sPort}`]
    const child = spawn('go-sendxmpp', [...account, ...options], {
      env: { ...process.env, SSL_CERT_FILE: certificate },
    })
    running.push(child)
    const started = { child, output: '' }
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        started.output += chunk.toString()
      })
    return started
  }
  /** Lets it do one thing, after which it leaves. */
  const run = async (input: string, ...options: string[]) => {
    const { child, output } = start(...options)
    child.stdin.end(input)
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`ended with ${code}: ${output}`)
  }
  const listening = start('--debug', '--listen')
  await eventually(async () => listening.output, '<presence ')
  const inRooms = new Map<string, ChildProcess>()

  return {
    // It prints what it gets: a sign-in without a challenge is one by PLAIN.
    mechanism: async () => (listening.output.includes('<challenge') ? 'SCRAM' : 'PLAIN'),
    say: (to, text) => run(text, to),
    shows: async (from, text) => void (await eventually(async () => listening.output, `${from}: ${text}`)),
    async joinRoom(room, nick) {
      inRooms.set(room, start('--interactive', '--chatroom', '--alias', nick, room).child)
    },
    async sayInRoom(room, text) {
      inRooms.get(room)?.stdin?.write(`${text}\n`)
    },
    share: (to, path) => run('', '--http-upload', path, to),
    async [Symbol.asyncDispose]() {
      for (const child of running) child.kill()
    },
  }
})
