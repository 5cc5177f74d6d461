import { SANDBOX_LEVELS, SANDBOX_PROBES, type SandboxLevel, type SandboxProbe } from '@drawbridge/contract'

/**
 * - A: own namespaces (bubblewrap) and, inside them, all of B;
 * - B: the child locks itself down before its first job: no_new_privs, Landlock, a seccomp allow-list;
 * - C: the codecs as WebAssembly under Node's permission model, for hosts that refuse seccomp;
 * - D: only a process of its own. No boundary against code execution, and never chosen by itself.
 */

/** The probes that must fail, on every thread, for a level to count. What is not here is named in health and doctor. */
export const MUST_DENY: Readonly<Record<SandboxLevel, readonly SandboxProbe[]>> = {
  A: SANDBOX_PROBES,
  B: SANDBOX_PROBES,
  // Node 24 has no permission for the network or for signals; the WebAssembly module imports neither. Native code,
  // which ptrace would need, cannot be loaded.
  C: ['read', 'write', 'spawn', 'ptrace'],
  D: [],
}

/** What a child is told on its command line. */
export interface SandboxOrder {
  readonly level: SandboxLevel
  /** User and group to become, when the sanitizer runs as root. */
  readonly uid?: number
  /** Files and folders that Node needs while it starts. */
  readonly readable: readonly string[]
}

/** What a child found when it tried. `true` is denied. */
export interface ChildSandbox {
  readonly level: SandboxLevel
  readonly uid: number
  /** 0 where the kernel has no Landlock, or it is switched off. */
  readonly landlockAbi: number
  readonly denied: Readonly<Record<SandboxProbe, { readonly main: boolean; readonly pool: boolean }>>
}

/** Probes that did not fail on every thread. */
export function undenied({ denied }: ChildSandbox): SandboxProbe[] {
  return SANDBOX_PROBES.filter((probe) => !(denied[probe].main && denied[probe].pool))
}

/** Whether `level` is at least as strong as `least`. */
export function isAtLeast(level: SandboxLevel, least: SandboxLevel): boolean {
  return SANDBOX_LEVELS.indexOf(level) <= SANDBOX_LEVELS.indexOf(least)
}
