import type { Command } from './command.ts'

/** The command that the words begin with (the longest name wins) and what is left as its arguments. */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { command: Command; args: string[] } | undefined {
  for (const length of [3, 2, 1]) {
    const command = commands.find(({ name }) => name === words.slice(0, length).join(' '))
    if (command) return { command, args: words.slice(length) }
  }
  return undefined
}

/** The commands whose names begin with these words, such as `client-rule`; all of them where none does. */
export function commandsUnder(commands: readonly Command[], words: readonly string[]): readonly Command[] {
  const start = words
    .filter((word) => word !== 'help')
    .map((word) => `${word} `)
    .join('')
  const under = commands.filter(({ name }) => `${name} `.startsWith(start))
  return under.length === 0 ? commands : under
}

/** The help of one command. */
export function helpFor(command: Command): string {
  return `Usage: drawbridge ${callOf(command)}\n${command.summary}\n`
}

function callOf({ name, usage, hasDryRun }: Command): string {
  return [name, usage, hasDryRun && '[--dry-run]'].filter(Boolean).join(' ')
}

/** The help of all commands. */
export function helpForAll(commands: readonly Command[]): string {
  const rows = commands.map((command) => `  ${callOf(command)}\n      ${command.summary}`)
  return [
    'Usage: drawbridge COMMAND [ARGUMENTS] [--json]',
    '',
    ...rows,
    '',
    'With --dry-run a command that takes it says what would happen, and changes nothing.',
    'With --json the result is one JSON value on stdout; of many files, one a line. Settings come from the environment (docs/operate/config.md).',
    'Exit codes: 0 done, 1 refused, 2 usage.',
    '',
  ].join('\n')
}
