import { setTimeout as wait } from 'node:timers/promises'
import { parse } from '../arguments.ts'
import { Refused } from '../command.ts'
import type { Command } from '../command.ts'

const LOOK_EVERY_MS = 1_000

export const filesRenew: Command = {
  name: 'files renew',
  usage: '',
  summary: 'Bring all files under the first key of DRAWBRIDGE_BLOB_KEY_FILE; afterwards the other keys can go.',

  async run(args, cli) {
    parse(args, [], {})
    let progress = await cli.admin('renewFiles')
    while (progress.isRunning) {
      await wait(LOOK_EVERY_MS)
      progress = await cli.admin('getFileRenewal')
      cli.note(`${progress.seen} files looked at, ${progress.renewed} renewed`)
    }
    const { seen, renewed, failed } = progress
    if (failed > 0)
      throw new Refused(`${failed} of ${seen} files were not renewed: keep the old keys, and see the log.`)
    cli.result(`${seen} files: ${renewed} renewed, ${seen - renewed} were under the first key already`, progress)
  },
}
