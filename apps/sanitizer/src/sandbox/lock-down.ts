import type { ChildSandbox, SandboxOrder } from './levels.ts'
import { probeKernel, startNodeProbes } from './probes.ts'
import { workFilter } from './filters.ts'

/** What the launcher wrote on this child's command line; undefined for a child that was started without a sandbox. */
export function readOrder(argv: readonly string[] = process.argv): SandboxOrder | undefined {
  const text = argv[2]
  return text === undefined ? undefined : (JSON.parse(text) as SandboxOrder)
}

/**
 * The last thing a child does before its first job: it gives up everything but reading requests, computing and writing
 * answers, and then tries whether that holds. Nothing of a sender may be in the process yet, and every codec must have
 * run once, since none can be loaded afterwards.
 *
 * @throws when a step is refused: a child that cannot lock itself down must not work.
 */
export async function lockDown(): Promise<ChildSandbox | undefined> {
  const order = readOrder()
  if (order === undefined) return undefined
  const { level, uid } = order
  // Loaded before the change of user, for whom the code may not even be readable.
  const close = level === 'A' || level === 'B' ? await loadKernelFence() : await startNodeProbes(level)
  if (uid !== undefined) become(uid)
  return { level, uid: process.getuid?.() ?? 0, ...(await close()) }
}

/** Levels A and B. */
async function loadKernelFence(): Promise<() => Promise<Pick<ChildSandbox, 'landlockAbi' | 'denied'>>> {
  const kernel = await import('./kernel.ts')
  return async () => {
    const landlockAbi = kernel.landlockAbi()
    kernel.dieWithParent()
    kernel.restrictFiles([], { isFinal: true })
    kernel.installFilter(workFilter(process.pid))
    return { landlockAbi, denied: await probeKernel(kernel.attempt) }
  }
}

/** Another user on every thread: with the user, the rights of root are gone. */
function become(uid: number): void {
  process.setgroups?.([])
  process.setgid?.(uid)
  process.setuid?.(uid)
}
