import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'

const run = promisify(execFile)

/** A program in a terminal of its own, with an own home directory. */
export interface Terminal extends AsyncDisposable {
  /** Types a line and presses Enter. */
  type(line: string): Promise<void>
  /** Resolves with the screen once it shows this. */
  shows(text: string | RegExp): Promise<string>
  /** The same, with the escape sequences of its colors. */
  showsInColor(text: RegExp): Promise<string>
}

export interface TerminalOptions {
  /** Program and arguments, as a shell would read them. */
  readonly command: string
  readonly home: string
}

/** A directory that a program can take for its home. */
export async function makeHome(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `${name}-`))
}

/** Starts a program in tmux. */
export async function openTerminal({ command, home }: TerminalOptions): Promise<Terminal> {
  // A socket of its own: no other tmux of this account is in the way, or dies with it.
  const tmux = (...args: string[]) =>
    run('tmux', ['-S', join(home, 'tmux'), '-f', '/dev/null', ...args], {
      env: { ...process.env, HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8', TMUX: undefined },
    })
  await tmux('new-session', '-d', '-x', '250', '-y', '50', command)
  const screen = async (...how: string[]) => (await tmux('capture-pane', '-p', ...how)).stdout
  return {
    async type(line) {
      await tmux('send-keys', '-l', line)
      await tmux('send-keys', 'Enter')
    },
    shows: (text) => eventually(() => screen(), text),
    showsInColor: (text) => eventually(() => screen('-e'), text),
    async [Symbol.asyncDispose]() {
      await tmux('kill-server').catch(() => undefined)
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
