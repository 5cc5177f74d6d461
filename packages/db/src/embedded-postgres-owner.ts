import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** PostgreSQL could not be started; the message is one sentence for the operator. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
}

/**
 * Takes the directory for this process. A server that a dead process left running is stopped; a pid file that names a
 * process which is something else by now is removed, since PostgreSQL would not start for it.
 *
 * @returns gives the directory back.
 * @throws EmbeddedPostgresError when a live process has it.
 */
export async function claimDirectory(data: string, cluster: string): Promise<() => Promise<void>> {
  const file = join(data, 'owner')
  const me = `${process.pid} ${startOf(process.pid)}`
  const [pid, start] = (await readFile(file, 'utf8').catch(() => '')).split(' ')
  const isAlive = start !== undefined && start !== '' && startOf(Number(pid)) === start
  if (isAlive) throw new EmbeddedPostgresError(`${data} is in use by process ${pid}`)
  await stopOrphan(cluster)
  await rm(file, { force: true }) // another account may have written it
  await writeFile(file, me)
  return async () => {
    if ((await readFile(file, 'utf8').catch(() => '')) === me) await rm(file, { force: true })
  }
}

/** When a process started, in clock ticks since boot, which tells it from a later one of that number; '' if there is none. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in parentheses and may hold anything; the 22nd is the start.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

async function stopOrphan(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  if (!(pid > 0)) return
  if (startOf(process.pid) === '') return // no /proc here: PostgreSQL itself must decide
  if (!isServerOf(pid, cluster)) return rm(file, { force: true })
  for (const [signal, patienceMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
  ] as const) {
    process.kill(pid, signal)
    for (const end = Date.now() + patienceMs; Date.now() < end; await wait(50)) {
      if (!isServerOf(pid, cluster)) return
    }
  }
  throw new EmbeddedPostgresError(`PostgreSQL, process ${pid}, does not let go of ${cluster}`)
}

function isServerOf(pid: number, cluster: string): boolean {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return args[args.indexOf('-D') + 1] === cluster && (args[0] ?? '').endsWith('postgres')
  } catch {
    return false
  }
}
