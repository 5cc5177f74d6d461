import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { SandboxLevel } from '@drawbridge/contract'

/**
 * What the kernel says about a child, asked from outside: a child that was taken over while it started could lie in its
 * self-test, not in `/proc`.
 */

/** The processes below one, itself first. At level A the child is the last of three. */
export function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(processTree)]
}

/** Resident bytes of a child and all below it; 0 when it is gone, or where there is no `/proc`. */
export async function residentBytes(pid: number): Promise<number> {
  try {
    const sizes = processTree(pid).map(async (each) => {
      const status = await readFile(`/proc/${each}/status`, 'latin1')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024
    })
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  } catch {
    return 0
  }
}

type Status = Readonly<Record<string, string | undefined>>

/** What must be true of every thread, by level. */
const EXPECTED: Readonly<Record<SandboxLevel, Readonly<Record<string, (value: string) => boolean>>>> = {
  A: {
    Seccomp: (mode) => mode === '2',
    NoNewPrivs: (flag) => flag === '1',
    CapEff: (set) => /^0+$/.test(set),
    CapPrm: (set) => /^0+$/.test(set),
    NSpid: (pids) => pids.split(/\s+/).length > 1,
  },
  B: {
    Seccomp: (mode) => mode === '2',
    NoNewPrivs: (flag) => flag === '1',
    CapEff: (set) => /^0+$/.test(set),
    CapPrm: (set) => /^0+$/.test(set),
  },
  C: {},
  D: {},
}

/**
 * Looks at every thread of a child that says it is locked down.
 *
 * @param uid - the user that it must have become, if any.
 * @returns what is not as it must be; empty when all is well.
 */
export function inspectChild(pid: number, level: SandboxLevel, uid: number | undefined): string[] {
  if (process.platform !== 'linux') return []
  const expected = {
    ...EXPECTED[level],
    ...(uid !== undefined && { Uid: (ids: string) => ids.split(/\s+/).every((id) => Number(id) === uid) }),
  }
  const child = processTree(pid).at(-1) ?? pid
  const threads = readdirSync(`/proc/${child}/task`).map((thread) => statusOf(`/proc/${child}/task/${thread}/status`))
  return Object.entries(expected).flatMap(([field, isRight]) =>
    threads.every((status) => isRight(status[field] ?? '')) ? [] : [`${field} is not as level ${level} needs it`],
  )
}

function statusOf(path: string): Status {
  const lines = readFileSync(path, 'latin1').split('\n')
  return Object.fromEntries(lines.map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^\w+:\s*/, '').trim()]))
}
