import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { ADMIN_ROUTES } from '@drawbridge/contract'
import type { ResponseOf } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import { Refused, UsageError } from '../command.ts'
import type { Cli, Command } from '../command.ts'
import { everyPage } from '../pages.ts'

type Evidence = ResponseOf<'listEvidence'>['evidence'][number]

export const evidenceList: Command = {
  name: 'evidence list',
  usage: '',
  summary: 'List the sealed files of senders, newest first, with the requests to see them.',

  async run(args, cli) {
    parse(args, [], {})
    const all = await everyPage(cli.admin, 'listEvidence', 'evidence')
    cli.result(all.length === 0 ? 'nothing is sealed' : all.map(line), all)
  },
}

export const evidenceRequest: Command = {
  name: 'evidence request',
  usage: 'ID --reason TEXT --as ADMIN [--code CODE] --password-stdin',
  summary: 'Ask to see a sealed file. Another administrator has to agree within a day.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], { reason: { type: 'string' }, ...AS })
    const params = checked(ADMIN_ROUTES.requestEvidence.params, { id: words[0] })
    const reason = required(values.reason, '--reason')
    const body = checked(ADMIN_ROUTES.requestEvidence.body, { reason, as: await person(values, cli) })
    const { release } = await cli.admin('requestEvidence', { params, body })
    cli.result(`requested by ${release.requestedBy}; somebody else has to agree until ${release.expiresAt}`, release)
  },
}

export const evidenceApprove: Command = {
  name: 'evidence approve',
  usage: 'ID --as ADMIN [--code CODE] --password-stdin',
  summary: 'Agree to the request of another administrator to see a sealed file.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], AS)
    const params = checked(ADMIN_ROUTES.approveEvidence.params, { id: words[0] })
    const { release } = await cli.admin('approveEvidence', { params, body: { as: await person(values, cli) } })
    cli.result(`approved by ${release.approvedBy}; it can be exported until ${release.expiresAt}`, release)
  },
}

export const evidenceExport: Command = {
  name: 'evidence export',
  usage: 'ID --out FILE',
  summary: 'Write a released file as its sender made it. It may be hostile: do not open it on a machine that matters.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], { out: { type: 'string' } })
    const params = checked(ADMIN_ROUTES.exportEvidence.params, { id: words[0] })
    const path = cli.resolvePath(required(values.out, '--out'))
    let piece = await cli.admin('exportEvidence', { params, query: { offset: 0 } })
    const file = await open(path, 'wx', 0o600)
    const hash = createHash('sha256')
    try {
      for (let offset = 0; ;) {
        const bytes = Buffer.from(piece.base64, 'base64')
        await file.writeFile(bytes)
        hash.update(bytes)
        offset += bytes.length
        if (offset >= piece.bytes) break
        piece = await cli.admin('exportEvidence', { params, query: { offset } })
      }
    } finally {
      await file.close()
    }
    if (hash.digest('hex') !== piece.sha256) throw new Refused('The bytes are not those that were sealed.')
    const { bytes, sha256 } = piece
    cli.result(`${path}: ${bytes} bytes, SHA-256 ${sha256}`, { path, bytes, sha256 })
  },
}

const AS = { as: { type: 'string' }, code: { type: 'string' }, 'password-stdin': { type: 'boolean' } } as const

/** Who does this. The password comes on standard input, so that no list of processes shows it. */
async function person(
  values: {
    readonly as?: string | undefined
    readonly code?: string | undefined
    readonly 'password-stdin'?: boolean | undefined
  },
  cli: Cli,
) {
  const name = required(values.as, '--as')
  if (values['password-stdin'] !== true) throw new UsageError('--password-stdin is missing.')
  const password = (await cli.readStdin()).replace(/\r?\n$/, '')
  return { name, password, ...(values.code !== undefined && { code: values.code }) }
}

function line({ id, sender, filename, bytes, outcome, reason, sealedAt, expiresAt, releases }: Evidence): string {
  const what = reason === undefined ? outcome : `${outcome}: ${reason}`
  const [release] = releases
  const wish =
    release && `  requested by ${release.requestedBy}${release.approvedBy ? `, approved by ${release.approvedBy}` : ''}`
  return `${id}  ${sender}  ${JSON.stringify(filename)}  ${bytes} bytes  ${what}  ${sealedAt} until ${expiresAt}${wish ?? ''}`
}
