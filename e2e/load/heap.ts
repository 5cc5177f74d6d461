import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const PROBE = join(import.meta.dirname, 'memory-probe.ts')
const WAIT_MS = 10_000

/** Options of Node for processes that `heapBytes` is asked about. */
export const PROBED = `--expose-gc --import ${PROBE}`

/** Where a probed process writes how much its heap holds. */
export const heapFileOf = (pid: number): string => join(tmpdir(), `drawbridge-load-heap-${pid}`)

/** What a probed process's heap holds after a garbage collection. */
export async function heapBytes(pid: number): Promise<number> {
  const file = heapFileOf(pid)
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  try {
    // A file that appears has no event worth the code.
    for (const until = Date.now() + WAIT_MS; Date.now() < until; await wait(20)) {
      const bytes = Number(read(file))
      if (bytes > 0) return bytes
    }
    throw new Error(`process ${pid} does not say how large its heap is`)
  } finally {
    rmSync(file, { force: true })
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Resident memory of these processes. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const [, kibibytes = Number.NaN] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return sum + Number(kibibytes) * 1024
  }, 0)
}
