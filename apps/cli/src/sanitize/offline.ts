import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sanitize } from '@drawbridge/contract'
import { createSanitize, isReadyMessage, SANITIZER_NODE_FLAGS } from '@drawbridge/runtime'
import { Refused } from '../command.ts'

/** A sanitizer that nobody else uses. */
export interface OfflineSanitizer extends AsyncDisposable {
  readonly sanitize: Sanitize
  /** Its process has not ended. */
  readonly isRunning: boolean
}

const SANITIZER = fileURLToPath(new URL('../../../sanitizer/src/main.ts', import.meta.url))

/** Starts a sanitizer on a socket in a temporary directory and waits until it is ready. @throws Refused */
export async function startOfflineSanitizer(
  env: Readonly<Record<string, string | undefined>>,
): Promise<OfflineSanitizer> {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-sanitize-'))
  const socket = join(directory, 'sanitizer.sock')
  const child = spawn(process.execPath, [...SANITIZER_NODE_FLAGS, SANITIZER], {
    env: { ...env, DRAWBRIDGE_SANITIZER_SOCKET: socket },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => void (errors = `${errors}${chunk.toString()}`.slice(-4_096)))
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    await rm(directory, { recursive: true, force: true })
  }
  const ready = new Promise<boolean>((answer) => {
    child.on('message', (message) => isReadyMessage(message) && answer(true))
    void exited.then(() => answer(false))
  })
  if (!(await ready)) {
    await stop()
    throw new Refused(`The sanitizer did not start: ${errors.trim()}`)
  }
  return {
    sanitize: createSanitize(socket),
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    [Symbol.asyncDispose]: stop,
  }
}
