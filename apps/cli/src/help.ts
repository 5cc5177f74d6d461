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

/** The help of one command. */
export function helpFor({ name, usage, summary }: Command): string {
  return `Usage: drawbridge ${[name, usage].filter(Boolean).join(' ')}\n${summary}\n`
}

/** The help of all commands. */
export function helpForAll(commands: readonly Command[]): string {
  const rows = commands.map(
    ({ name, usage, summary }) => `  ${[name, usage].filter(Boolean).join(' ')}\n      ${summary}`,
  )
  return [
    'Usage: drawbridge COMMAND [ARGUMENTS] [--json]',
    '',
    ...rows,
    '',
    'With --json the result is one JSON value on stdout; of many files, one a line. Settings come from the environment (docs/operate/config.md).',
    'Exit codes: 0 done, 1 refused, 2 usage.',
    '',
  ].join('\n')
}
