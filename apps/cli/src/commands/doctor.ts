import type { Command } from '../command.ts'

export const doctor: Command = {
  name: 'doctor',
  usage: '',
  summary:
    'Look at this machine and this installation; works without a running server. Exit code 1 when something fails.',
  // Loaded when asked for, like `up`: it brings the database with it.
  run: async (args, cli) => (await import('../doctor/run.ts')).runDoctor(args, cli),
}
