import type { ImageRenewalView } from '@drawbridge/contract'
import { parse } from '../arguments.ts'
import type { Command } from '../command.ts'

export const imageRenewalStart: Command = {
  name: 'image-renewal start',
  hasDryRun: true,
  usage: '[--everything]',
  summary: 'Make all images anew with the encoders of today, in the background. No link breaks meanwhile.',

  async run(args, cli) {
    const { values } = parse(args, [], { everything: { type: 'boolean' } })
    const body = values.everything ? { isEverything: true } : {}
    const { renewal } = await cli.admin('startImageRenewal', { body })
    cli.result(renewalLine(renewal), renewal)
  },
}

export const imageRenewalStatus: Command = {
  name: 'image-renewal status',
  usage: '',
  summary: 'Say how far that is, or how the last one ended.',

  async run(args, cli) {
    parse(args, [], {})
    const { renewal } = await cli.admin('getImageRenewal')
    cli.result(renewal ? renewalLine(renewal) : 'images were never made anew', renewal ?? null)
  },
}

export const imageRenewalStop: Command = {
  name: 'image-renewal stop',
  hasDryRun: true,
  usage: '',
  summary: 'Stop making images anew. What is done stays.',

  async run(args, cli) {
    parse(args, [], {})
    const { renewal } = await cli.admin('stopImageRenewal')
    cli.result(renewalLine(renewal), renewal)
  },
}

function renewalLine({ id, state, store, total, renewed, kept, failed }: ImageRenewalView): string {
  const done = renewed + kept + failed
  const where = store === undefined ? '' : `, at ${store}`
  return `${id}  ${state}${where}: ${done} of ${total} (${renewed} made anew, ${kept} kept, ${failed} failed)`
}
