import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from '../arguments.ts'
import { type Cli, Refused } from '../command.ts'
import { checkBreakGlass } from './break-glass.ts'
import { type Finding, finding } from './finding.ts'
import { checkFloors, versionOf } from './floors.ts'
import { checkCertificate, checkDataDirectory, checkMediaOrigin, checkPortsFree } from './host.ts'
import { checkSanitizer } from './sanitizer.ts'
import { checkAntivirus, checkPostgres, checkRedis } from './services.ts'
import { ROOT } from '../up/root.ts'

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const

/** What `drawbridge doctor` does. Refused when a check fails. */
export async function runDoctor(args: string[], cli: Cli): Promise<void> {
  parse(args, [], {})
  const { config, paths } = cli
  const findings: Finding[] = [
    ...checkFloors(ROOT),
    checkPnpm(),
    ...(await checkDataDirectory(paths)),
    ...(await checkPortsFree(config, paths)),
    ...checkCertificate(config, paths, new Date()),
    checkMediaOrigin(config, cli.env['DRAWBRIDGE_MEDIA_URL']),
    await checkPostgres(config, paths, ROOT),
    ...(await checkRedis(config)),
    await checkSanitizer(paths),
    ...(await checkBreakGlass(cli.admin)),
    ...(await checkAntivirus(cli.env['DRAWBRIDGE_ANTIVIRUS'])),
  ]
  cli.result(
    findings.flatMap(({ name, level, detail, more = {} }) => [
      `${MARKS[level]} ${name}: ${detail}`,
      ...Object.entries(more).map(([label, value]) => `       ${label.padEnd(9)} ${value}`),
    ]),
    findings,
  )
  const failed = findings.filter(({ level }) => level === 'fail').length
  if (failed > 0) throw new Refused(failed === 1 ? 'One check failed.' : `${failed} checks failed.`)
}

function checkPnpm(): Finding {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { packageManager?: string }
  const wanted = packageManager?.split('@')[1] ?? 'unknown'
  const present = versionOf(join(ROOT, '.cache/tools/node_modules/pnpm'))
  if (present === wanted) return finding('pnpm', 'ok', wanted)
  return finding('pnpm', 'warn', `${present ?? 'none'} where ${wanted} is pinned; npm start fetches it`)
}
