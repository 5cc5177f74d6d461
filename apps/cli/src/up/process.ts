import { spawn } from 'node:child_process'
import { type ReadyMessage, isReadyMessage, isWaitingMessage } from '@drawbridge/runtime'
import type { Running } from './supervise.ts'

/** A run of one of our apps. */
export interface RunningProcess extends Running {
  readonly pid: number
  readonly addresses: ReadyMessage['addresses']
}

export interface ProcessOptions {
  readonly name: string
  /** Path of the app's main.ts. */
  readonly script: string
  /** Of Node itself. */
  readonly nodeFlags?: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Longest time until it serves. Default 60 s. */
  readonly readyWithinMs?: number
  /** Longest time from SIGTERM to SIGKILL. Default 20 s. */
  readonly stopWithinMs?: number
}

/**
 * Starts an app with this Node and waits until it says that it serves. Its output goes to stderr. It has an IPC channel,
 * and ends itself when that closes: killing the supervisor leaves no orphans.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name, script, nodeFlags = [], env, readyWithinMs = 60_000, stopWithinMs = 20_000 } = options
  const child = spawn(process.execPath, [...nodeFlags, script], {
    env,
    stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
    // A process group of its own: Ctrl-C in a terminal reaches the supervisor only, which then stops the parts in order.
    detached: true,
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(timer)
  }
  const ready = Promise.withResolvers<ReadyMessage['addresses']>()
  child.on('message', (message) => {
    if (isReadyMessage(message)) ready.resolve(message.addresses)
    // For as long as it takes: its own doors are open meanwhile.
    if (isWaitingMessage(message)) clearTimeout(timer)
  })
  void ended.then((how) => ready.reject(new Error(`${name} ended before it was ready (${how}); its reason is above.`)))
  const timer = setTimeout(
    () => ready.reject(new Error(`${name} was not ready after ${readyWithinMs} ms.`)),
    readyWithinMs,
  )
  try {
    const addresses = await ready.promise
    return { pid: child.pid ?? 0, addresses, ended, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
