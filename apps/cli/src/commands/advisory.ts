import { basename } from 'node:path'
import { ADMIN_ROUTES, type AdvisoryProposalView, MAX_FEED_BYTES } from '@drawbridge/contract'
import { checked, parse, required } from '../arguments.ts'
import { type Command, Refused } from '../command.ts'
import { readText } from '../file-text.ts'
import { everyPage, moreLines, SOME, SOME_USAGE, someFrom, somePages } from '../pages.ts'

export const advisoryImport: Command = {
  name: 'advisory import',
  hasDryRun: true,
  usage: 'FILE',
  summary:
    'Import advisories: KEV, OSV, GHSA, CVE 5.1, CSAF, OpenVEX, or a signed bundle. It makes proposals, no rules.',

  async run(args, cli) {
    const { words } = parse(args, ['FILE'], {})
    const path = words[0] ?? ''
    const imported = await cli.admin('importAdvisories', {
      body: { name: basename(path), text: await readText(path, MAX_FEED_BYTES) },
    })
    const lines = imported.files.flatMap(({ name, kind, advisories, exploited, notAffected, withdrawn, unread }) => [
      `${name}: ${kind}, ${advisories} advisories, ${exploited} exploited, ${notAffected} not affected, ${withdrawn} withdrawn`,
      ...unread.map(({ at, why }) => `  left out: ${at} ${why}`),
    ])
    const signature = imported.isSigned ? 'signed by a trusted key' : 'not signed'
    const { proposals, leftOut } = imported
    cli.result([...lines, `${signature}; ${proposals} new proposals: see advisory proposals`], imported)
    if (leftOut > 0)
      cli.note(`${leftOut} advisories about clients here were not looked at: there are too many of them.`)
  },
}

export const advisoryList: Command = {
  name: 'advisory list',
  usage: SOME_USAGE,
  summary: 'List imported advisories by id.',

  async run(args, cli) {
    const { values } = parse(args, [], SOME)
    const { rows, more } = await somePages(cli.admin, 'listAdvisories', 'advisories', {}, someFrom(values))
    const lines = rows.map(({ id, kind, title, importedAt }) => `${id}  ${kind}  ${title}  (${importedAt})`)
    cli.result(lines.length === 0 ? 'no advisories' : [...lines, ...moreLines(more)], rows)
  },
}

export const advisoryProposals: Command = {
  name: 'advisory proposals',
  usage: '',
  summary: 'List what advisories suggest for the clients in use, with the command that would do it.',

  async run(args, cli) {
    parse(args, [], {})
    const proposals = await everyPage(cli.admin, 'listProposals', 'proposals')
    cli.result(proposals.length === 0 ? 'no proposals' : proposals.flatMap(proposalLines), proposals)
  },
}

export const advisoryDecide: Command = {
  name: 'advisory decide',
  hasDryRun: true,
  usage: 'FLAW FAMILY accept|dismiss --reason TEXT [--rule ID]',
  summary: 'Say what became of a proposal; --rule names the rule that was made of it.',

  async run(args, cli) {
    const { values, words } = parse(args, ['FLAW', 'FAMILY', 'accept|dismiss'], {
      reason: { type: 'string' },
      rule: { type: 'string' },
    })
    const params = checked(ADMIN_ROUTES.decideProposal.params, { flaw: words[0], family: words[1] })
    const body = checked(ADMIN_ROUTES.decideProposal.body, {
      decision: words[2],
      reason: required(values.reason, '--reason'),
      ...(values.rule !== undefined && { rule: values.rule }),
    })
    const decided = await cli.admin('decideProposal', { params, body })
    cli.result(proposalLines(decided), decided)
  },
}

export const advisoryArm: Command = {
  name: 'advisory arm',
  hasDryRun: true,
  usage: '--degrade on|off',
  summary: 'Whether images are withheld at once from clients with a flaw that is exploited and matches exactly.',

  async run(args, cli) {
    const { values } = parse(args, [], { degrade: { type: 'string' } })
    const isDegradeArmed = required(values.degrade, '--degrade') === 'on'
    const settings = await cli.admin('getAdvisorySettings')
    const body = { ...settings, isDegradeArmed }
    const changed = await cli.admin('setAdvisorySettings', { body })
    cli.result(`withholding images without asking: ${changed.isDegradeArmed ? 'on' : 'off'}`, changed)
  },
}

export const productMapShow: Command = {
  name: 'product-map show',
  usage: '',
  summary: 'Show under which names clients and components are known to advisories, beside the built-in ones.',

  async run(args, cli) {
    parse(args, [], {})
    const { products } = await cli.admin('getAdvisorySettings')
    cli.document(JSON.stringify(products, undefined, 2), products)
  },
}

export const productMapSet: Command = {
  name: 'product-map set',
  hasDryRun: true,
  usage: 'FILE',
  summary: 'Replace these names by those of a JSON file; proposals are made anew.',

  async run(args, cli) {
    const { words } = parse(args, ['FILE'], {})
    const settings = await cli.admin('getAdvisorySettings')
    const products = await readJson(words[0] ?? '')
    const body = checked(ADMIN_ROUTES.setAdvisorySettings.body, { ...settings, products })
    const changed = await cli.admin('setAdvisorySettings', { body })
    cli.result(`${Object.keys(changed.products.clients).length} clients of your own`, changed.products)
  },
}

export const clientBuildAdd: Command = {
  name: 'client-build add',
  hasDryRun: true,
  usage: '--family F --version V [--build B] --sbom FILE',
  summary: 'Register what a build of a client is made of (CycloneDX), so that advisories about its parts find it.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      family: { type: 'string' },
      version: { type: 'string' },
      build: { type: 'string' },
      sbom: { type: 'string' },
    })
    const body = checked(ADMIN_ROUTES.registerClientBuild.body, {
      family: required(values.family, '--family'),
      version: required(values.version, '--version'),
      ...(values.build !== undefined && { build: values.build }),
      sbom: await readJson(required(values.sbom, '--sbom')),
    })
    const build = await cli.admin('registerClientBuild', { body })
    cli.result(`${build.family} ${build.version} ${build.build}: ${build.components} components`, build)
  },
}

export const clientBuildList: Command = {
  name: 'client-build list',
  usage: '',
  summary: 'List builds of clients whose bill of materials is registered.',

  async run(args, cli) {
    parse(args, [], {})
    const builds = await everyPage(cli.admin, 'listClientBuilds', 'builds')
    const lines = builds.map(
      ({ family, version, build, components, registeredAt }) =>
        `${family} ${version} ${build}  ${components} components  registered ${registeredAt}`,
    )
    cli.result(lines.length === 0 ? 'no builds' : lines, builds)
  },
}

function proposalLines(proposal: AdvisoryProposalView): string[] {
  const { flaw, family, title, confidence, component, versions, people, sessions, state, rule, reason } = proposal
  const { from, below, action, preset, deadline, url, formats = [] } = proposal.draft
  const range = [from && `--from ${from}`, below && `--below ${below}`].filter(Boolean)
  const command = [
    `drawbridge client-rule simulate --family ${family}`,
    ...range,
    `--action ${action}`,
    preset && `--preset ${preset}`,
    formats.length > 0 && `--format ${formats.join(',')}`,
    deadline && `--deadline ${deadline}`,
    // It came with the advisory, and the line is meant to be pasted.
    url && !url.includes("'") && `--url '${url}'`,
  ]
  return [
    `${flaw}  ${family}  ${state}${proposal.isExploited ? '  EXPLOITED' : ''}  ${confidence}${component === undefined ? '' : ` by ${component}`}`,
    `  ${title}`,
    `  in use: ${versions.map((version) => version || '(says nothing)').join(', ') || 'none'}: ${people} people, ${sessions} sessions now`,
    `  fine from: ${proposal.minimumVersion ?? 'no version is known'}`,
    ...(rule === undefined ? [] : [`  rule ${rule}`]),
    ...(reason === undefined ? [] : [`  ${reason}`]),
    ...(state === 'open' ? [`  ${command.filter(Boolean).join(' ')}`] : []),
  ]
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(path, MAX_FEED_BYTES))
  } catch (error) {
    throw error instanceof SyntaxError ? new Refused(`${path} is no JSON: ${error.message}`) : error
  }
}
