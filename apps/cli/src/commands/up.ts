import type { Command } from '../command.ts'

export const up: Command = {
  name: 'up',
  usage: '[--demo] [--dev]',
  summary:
    'Start everything and keep it running until Ctrl-C. --demo makes alice and bob; --dev restarts changed parts.',
  // Loaded when asked for: database and queue are half a second that the other commands need not wait for.
  run: async (args, cli) => (await import('../up/run.ts')).runUp(args, cli),
}
