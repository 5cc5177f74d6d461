// `npm test`: everything, on a bare machine. With arguments: vitest with these arguments, and nothing else.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Counts } from './count-reporter.ts'
import { COUNTS, ROOT, counted, runSteps, stepsOfCheck } from './steps.ts'
import { ensureSystemPackages } from './system-packages.ts'

const args = process.argv.slice(2)
process.exitCode = args.length > 0 ? await vitest(args) : await everything()

async function everything(): Promise<number> {
  rmSync(COUNTS, { recursive: true, force: true })
  mkdirSync(COUNTS, { recursive: true })
  const missing = ensureSystemPackages(say)
  const steps = stepsOfCheck()
  const failedSteps = await runSteps(steps, 2)
  const built = await runSteps(
    [{ name: 'build of the web client', command: [join(ROOT, 'infra/dev/build-web.ts')] }],
    1,
  )
  const codes = []
  // One after the other: two cores do not carry two products at once.
  for (const project of ['e2e', 'interop'])
    codes.push(await vitest(['run', '--project', project, '--reporter=verbose', ...counted(project)]))

  const counts = readCounts()
  const notTests = [...failedSteps, ...built].filter(({ step }) => !step.isTests).map(({ step }) => step.name)
  const failed = [...notTests, ...counts.failed]
  if (missing.length > 0) failed.push(`system packages that are missing: ${missing.join(', ')} (apt-get install them)`)
  // A run that failed without naming a test, for instance because it could not start at all.
  if (failed.length === 0 && (codes.some((code) => code !== 0) || failedSteps.length > 0))
    failed.push('a test run that ended early')

  if (counts.skipped.length > 0) say('\nSkipped:')
  for (const { name, reason } of counts.skipped) say(`  ${name} (${reason})`)
  if (process.env['DRAWBRIDGE_TEST_STRICT'] === '1')
    failed.push(...counts.skipped.map(({ name }) => `${name} (skipped)`))
  if (failed.length > 0) say('\nFailed:')
  for (const name of failed) say(`  ${name}`)
  const passed = counts.passed + steps.filter(({ isTests }) => !isTests).length + 1 - notTests.length
  say(`\n${passed} passed, ${failed.length} failed`)
  return failed.length === 0 ? 0 : 1
}

/** Numbers of every run of vitest that ended, added up. */
function readCounts(): Counts {
  const runs = readdirSync(COUNTS).map((name) => JSON.parse(readFileSync(join(COUNTS, name), 'utf8')) as Counts)
  return {
    passed: runs.reduce((sum, { passed }) => sum + passed, 0),
    failed: runs.flatMap(({ failed }) => failed),
    skipped: runs.flatMap(({ skipped }) => skipped),
  }
}

function vitest(words: readonly string[]): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...words], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
    stdio: 'inherit',
  })
  child.once('exit', (code) => resolve(code ?? 1))
  return promise
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
