import type { SandboxLevel } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { createLauncher, hasBubblewrap, type Launch, type LaunchOptions } from '../children/launch.ts'
import type { Hello } from '../children/protocol.ts'
import type { SanitizerConfig } from '../sanitizer.config.ts'
import { isSupportedArch } from './bpf.ts'
import { START_FILTER } from './filters.ts'
import { inspectChild } from './inspect.ts'
import { isAtLeast, MUST_DENY, undenied } from './levels.ts'

/** A level that was tried, or was not worth trying, and why it is not used. */
export interface SkippedLevel {
  readonly level: SandboxLevel
  readonly why: string
}

/** How children start, and how the sanitizer knows that their sandbox holds. */
export interface Sandbox {
  readonly level: SandboxLevel
  readonly launch: Launch
  /** The user that children become, where the sanitizer runs as root. */
  readonly uid?: number
  /** What is wrong with a child that is ready; empty when all is well. */
  readonly faultsOf: (pid: number, hello: Hello) => readonly string[]
}

const AUTO_LEVELS: readonly SandboxLevel[] = ['A', 'B', 'C']
const WHAT_NEXT = 'docs/operate/sandbox.md says what each level needs.'

/**
 * Starts the children at the strongest level that works: `start` runs for one level after the other until it does not
 * reject. Only what the settings allow is tried.
 *
 * @throws when no level works; the message says what was tried and what to do.
 */
export async function startAtStrongestLevel<T>(
  config: SanitizerConfig,
  { emptyDir, log }: { readonly emptyDir: string; readonly log: Log },
  start: (sandbox: Sandbox) => Promise<T>,
): Promise<{ readonly sandbox: Sandbox; readonly started: T; readonly skipped: readonly SkippedLevel[] }> {
  const skipped: SkippedLevel[] = []
  for (const level of wantedLevels(config)) {
    try {
      await prepareLevel(level)
      const isRoot = process.getuid?.() === 0
      const sandbox = sandboxAt({ level, emptyDir, ...(isRoot && { uid: config.childUid }) })
      const started = await start(sandbox)
      if (level === 'D') log.warn('images are decoded without a sandbox', { event: 'sandbox-weak', sandbox: level })
      return { sandbox, started, skipped }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      skipped.push({ level, why })
      log.info('a sandbox level cannot be used', { event: 'sandbox-skipped', sandbox: level, why })
    }
  }
  const tried = skipped.map(({ level, why }) => `${level}: ${why}`).join('; ')
  throw new Error(`no sandbox that the settings allow works here (${tried}). ${WHAT_NEXT}`)
}

function wantedLevels({ sandbox, minSandbox, allowWeak }: SanitizerConfig): readonly SandboxLevel[] {
  const wanted = sandbox === 'auto' ? AUTO_LEVELS : [sandbox]
  if (wanted.includes('D') && !allowWeak) {
    throw new Error(
      `level D holds no hostile decoder; it needs DRAWBRIDGE_SANITIZER_ALLOW_WEAK=true as well. ${WHAT_NEXT}`,
    )
  }
  const allowed = wanted.filter((level) => isAtLeast(level, minSandbox))
  if (allowed.length === 0) {
    const minimum = `DRAWBRIDGE_SANITIZER_MIN_SANDBOX=${minSandbox}`
    throw new Error(`DRAWBRIDGE_SANITIZER_SANDBOX=${sandbox} is below ${minimum}. ${WHAT_NEXT}`)
  }
  return allowed
}

/** What a level needs of the host and of this process. @throws when it is not there. */
export async function prepareLevel(level: SandboxLevel): Promise<void> {
  if (level === 'C' || level === 'D') return
  if (process.platform !== 'linux' || !isSupportedArch(process.arch)) {
    throw new Error(`needs Linux on x64 or arm64, this is ${process.platform} on ${process.arch}`)
  }
  if (level === 'A' && !hasBubblewrap()) throw new Error('bubblewrap is not installed')
  if (level === 'B') await denyRings()
}

let hasDeniedRings = false

/** Children inherit it: a ring that Node opens while it starts would be a way around their own filter later. */
async function denyRings(): Promise<void> {
  if (hasDeniedRings) return
  const { installFilter, setNoNewPrivileges } = await import('./kernel.ts')
  setNoNewPrivileges()
  installFilter(START_FILTER)
  hasDeniedRings = true
}

/** One level as it is: whether it works here, only a child can tell. */
export function sandboxAt(options: LaunchOptions): Sandbox {
  const { level, uid } = options
  return {
    level,
    launch: createLauncher(options),
    ...(uid !== undefined && { uid }),
    faultsOf: (pid, { sandbox }) => {
      if (sandbox?.level !== level) return ['it did not lock itself down']
      const possible = undenied(sandbox).filter((probe) => MUST_DENY[level].includes(probe))
      return [...possible.map((probe) => `${probe} is not denied`), ...inspectChild(pid, level, uid)]
    },
  }
}
