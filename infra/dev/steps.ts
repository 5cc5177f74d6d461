import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

/** Fewer modules than this, and dependency-cruiser has not read the tree: it then reports success over nothing. */
export const LEAST_MODULES = 400

/** One thing that is checked. */
export interface Step {
  readonly name: string
  /** A run of vitest: its tests are counted one by one. */
  readonly isTests?: boolean
  /** A program of node_modules/.bin, or a script of ours ending in .ts, and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Looks at the output of a run that ended with 0. Returns what is wrong, if anything. */
  readonly inspect?: (output: string) => string | undefined
}

export interface StepResult {
  readonly step: Step
  readonly isOk: boolean
  readonly output: string
  readonly ms: number
}

/** What `pnpm check` runs. `npm test` runs the same and then the tests that need more than the tree. */
export function stepsOfCheck(): Step[] {
  return [
    { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
    { name: 'types of what both pages share', command: ['tsc', '-p', 'packages/ui/tsconfig.json'] },
    { name: 'types of the web client', command: ['tsc', '-p', 'apps/web/tsconfig.json'] },
    { name: 'types of the console', command: ['tsc', '-p', 'apps/admin/tsconfig.json'] },
    // Parts of these run in a browser's page.
    { name: 'types of the end-to-end tests', command: ['tsc', '-p', 'e2e/tsconfig.json'] },
    { name: 'lint', command: ['oxlint'] },
    { name: 'format', command: ['oxfmt', '--check', '.'] },
    {
      name: 'dependency rules',
      command: ['depcruise', '--config', '.dependency-cruiser.cjs', 'packages', 'apps', 'e2e', 'infra'],
      inspect: (output) => {
        const read = Number(/\((\d+) modules/.exec(output)?.[1] ?? 0)
        return read >= LEAST_MODULES ? undefined : `only ${read} modules were read; at least ${LEAST_MODULES} are there`
      },
    },
    { name: 'unused code', command: ['knip', '--no-progress', '--no-config-hints'] },
    { name: 'derived files', command: [join(ROOT, 'infra/dev/gen.ts'), '--check'] },
    {
      name: 'unit and story tests',
      isTests: true,
      command: ['vitest', 'run', '--reporter=dot', ...counted('unit'), '--project', 'unit', '--project', 'story'],
    },
  ]
}

/** Arguments that make vitest write what `readCounts` reads. */
export function counted(name: string): string[] {
  return ['--reporter=./infra/dev/count-reporter.ts', `--outputFile=${join(COUNTS, `${name}.json`)}`]
}

/** Where the runs of vitest leave their numbers. */
export const COUNTS = join(ROOT, '.cache', 'test-counts')

/**
 * Runs steps, some at once, and prints a line for each; the output of those that fail is shown.
 *
 * @returns the steps that failed.
 */
export async function runSteps(steps: readonly Step[], atOnce: number): Promise<StepResult[]> {
  const queue = [...steps]
  const failed: StepResult[] = []
  async function worker(): Promise<void> {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const result = await runStep(step)
      print(`${result.isOk ? 'ok  ' : 'FAIL'} ${step.name} (${(result.ms / 1_000).toFixed(1)} s)`)
      if (result.isOk) continue
      print(result.output.trimEnd().replace(/^/gm, '     '))
      failed.push(result)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return failed
}

async function runStep(step: Step): Promise<StepResult> {
  const startedAt = performance.now()
  const { code, output } = await capture(step.command)
  const fault = code === 0 ? step.inspect?.(output) : undefined
  const isOk = code === 0 && fault === undefined
  return { step, isOk, output: fault === undefined ? output : `${fault}\n${output}`, ms: performance.now() - startedAt }
}

/**
 * Runs a program of node_modules/.bin or a script of ours with this Node, and collects what it prints.
 *
 * @param env - beside the environment of this process.
 */
export function capture(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  const { promise, resolve: done } = Promise.withResolvers<{ code: number; output: string }>()
  const isScript = program.endsWith('.ts')
  const child = spawn(
    isScript ? process.execPath : join(ROOT, 'node_modules/.bin', program),
    isScript ? [program, ...args] : args,
    {
      cwd: ROOT,
      env: {
        ...process.env,
        PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
  child.once('error', (error) => done({ code: 1, output: error.message }))
  child.once('close', (code) => done({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') }))
  return promise
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
