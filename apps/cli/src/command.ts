import type { CommonConfig, Environment, Paths } from '@drawbridge/runtime'
import type { AdminClient } from './admin-client.ts'

/** One row of the table of commands. */
export interface Command {
  /** Words after `drawbridge`, such as `account add`. */
  readonly name: string
  /** Arguments, as shown by --help: `NAME [--admin]`. `--json` is understood everywhere and not repeated. */
  readonly usage: string
  readonly summary: string
  /** It changes the rules: understands --dry-run, with which the server says what would happen and changes nothing. */
  readonly hasDryRun?: true
  /**
   * Resolves when done. Throws `UsageError` for wrong arguments (exit code 2) and `Refused` or anything else for what
   * could not be done (exit code 1).
   *
   * @param args - what follows the name, without `--json`
   */
  run(args: string[], cli: Cli): Promise<void>
}

/** What a command may use. */
export interface Cli {
  readonly config: Readonly<CommonConfig>
  readonly paths: Paths
  readonly env: Environment
  /** Client of the admin API on the running server's local socket. */
  readonly admin: AdminClient
  readonly isJson: boolean
  /** The result on stdout: the lines, or with --json the value. Called once per command. */
  result(lines: string | readonly string[], value: unknown): void
  /** The same for what is kept as a file: not one character is shown as another. */
  document(text: string, value: unknown): void
  /** One of many results, told as soon as it is there: a line on stdout, or with --json one value. Instead of `result`. */
  row(line: string, value: unknown): void
  /** How far it is, on stderr, where a person looks on; each replaces the one before, and an empty one takes it away. */
  progress(text: string): void
  /** A note on stderr: what was done, and warnings, never the result. */
  note(line: string): void
  /** Everything on standard input, as text. */
  readStdin(): Promise<string>
  /** A path as the caller meant it: relative to where the command was typed. */
  resolvePath(path: string): string
}

/** The arguments are wrong: exit code 2, with the usage of the command. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The command was understood and cannot be done: exit code 1. The message is one sentence for the person. */
export class Refused extends Error {
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.name = 'Refused'
    this.code = code
  }
}

/** It was done, and has proved nothing either way: exit code 3. */
export class Unproved extends Refused {}

/** Exit codes of every command. */
export const EXIT = { done: 0, refused: 1, usage: 2, unproved: 3 } as const
