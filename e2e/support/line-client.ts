import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const WAIT_MS = 10_000

export interface ClientEvent {
  readonly event: string
  readonly at: number
  readonly [field: string]: unknown
}

/** A client in a process of its own that takes commands, and tells what it sees, in lines of JSON. */
export interface LineClient extends AsyncDisposable {
  readonly events: readonly ClientEvent[]
  /** The first event of this name, past or future, that matches. */
  next(event: string, matches?: (event: ClientEvent) => boolean): Promise<ClientEvent>
  /** Runs an operation of the script; rejects with the error's condition. */
  run<T = unknown>(op: string, fields?: Readonly<Record<string, unknown>>): Promise<T>
}

/** Starts a Python script with Debian's own Python, whose packages are Debian's. */
export function startLineClient(name: string, script: string, options: object): LineClient {
  const child = spawn('/usr/bin/python3', [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
  const events: ClientEvent[] = []
  const watchers = new Set<() => void>()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    // slixmpp itself prints the delay of what a room has kept.
    if (!line.startsWith('{')) return
    events.push({ ...(JSON.parse(line) as ClientEvent), at: performance.now() })
    for (const look of [...watchers]) look()
  })
  let count = 0
  const next: LineClient['next'] = (wanted, matches = () => true) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = events.find((event) => event.event === wanted && matches(event))
        if (!found) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve(found)
      }
      const timer = setTimeout(() => {
        watchers.delete(look)
        reject(new Error(`${name}: no ${wanted}; seen ${JSON.stringify(events.slice(-5))}\n${stderr}`))
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
