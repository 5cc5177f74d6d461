import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const SCRIPT = join(import.meta.dirname, 'slixmpp_client.py')
const WAIT_MS = 15_000

export interface SlixmppOptions {
  readonly jid: string
  readonly password: string
  readonly port: number
  /** The server's certificate, to be trusted as it is. */
  readonly ca?: string
  /** What it says about itself (XEP-0092). */
  readonly name?: string
  readonly version?: string
  /** The only SASL mechanism it may use. */
  readonly mechanism?: 'SCRAM-SHA-256' | 'PLAIN'
  /** TLS from the first byte. */
  readonly direct?: boolean
  /** Requests for its presence are told, not granted. */
  readonly asks?: boolean
}

export interface SlixmppEvent {
  readonly event: string
  readonly at: number
  readonly [field: string]: unknown
}

/** Debian's slixmpp as a process of its own. */
export interface Slixmpp extends AsyncDisposable {
  readonly events: readonly SlixmppEvent[]
  /** The first event of this name, past or future, that matches. */
  next(event: string, matches?: (event: SlixmppEvent) => boolean): Promise<SlixmppEvent>
  /** Runs an operation of the script; rejects with the error's condition. */
  run<T = unknown>(op: string, fields?: Readonly<Record<string, unknown>>): Promise<T>
  send(to: string, body: string, more?: Readonly<Record<string, unknown>>): Promise<void>
}

/** Starts a client; it is signed in once its event `ready` has come. */
export function startSlixmpp(options: SlixmppOptions): Slixmpp {
  const child = spawn('/usr/bin/python3', [SCRIPT, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
  const events: SlixmppEvent[] = []
  const watchers = new Set<() => void>()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push({ ...(JSON.parse(line) as SlixmppEvent), at: performance.now() })
    for (const look of [...watchers]) look()
  })
  let count = 0
  const next: Slixmpp['next'] = (name, matches = () => true) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = events.find((event) => event.event === name && matches(event))
        if (!found) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve(found)
      }
      const timer = setTimeout(() => {
        watchers.delete(look)
        reject(new Error(`slixmpp: no ${name}; seen ${JSON.stringify(events.slice(-5))}\n${stderr}`))
      }, WAIT_MS)
      watchers.add(look)
      look()
    })
  const run = async <T>(op: string, fields: Readonly<Record<string, unknown>> = {}): Promise<T> => {
    const n = ++count
    child.stdin.write(`${JSON.stringify({ op, n, ...fields })}\n`)
    const outcome = await Promise.race([
      next('done', (event) => event['n'] === n),
      next('failed', (event) => event['n'] === n),
    ])
    if (outcome.event === 'failed') throw new Error(`${op}: ${String(outcome['condition'])} ${String(outcome['text'])}`)
    return outcome['value'] as T
  }
  return {
    events,
    next,
    run,
    send: (to, body, more = {}) => run('send', { to, body, ...more }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.stdin.end(`${JSON.stringify({ op: 'stop' })}\n`)
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await ended
      clearTimeout(timer)
    },
  }
}
