import type { Cli, Command } from '../src/command.ts'

/** Runs a command; the server answers what the table says. Returns what it was asked and what was printed. */
export async function run(command: Command, args: string[], answers: Readonly<Record<string, unknown>> = {}) {
  const asked: unknown[] = []
  const noted: string[] = []
  let printed: unknown
  const cli = {
    admin: async (route: string, call: object = {}) => {
      asked.push({ route, ...call })
      return answers[route]
    },
    result: (lines: unknown) => void (printed = lines),
    note: (line: string) => void noted.push(line),
  }
  await command.run(args, cli as unknown as Cli)
  return { asked, printed, ...(noted.length > 0 && { noted }) }
}
