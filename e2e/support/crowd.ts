import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import type { Cluster, ServerNode } from './nodes.ts'
import { eachOf, hold } from '../load/held.ts'
import type { Held, HeldOptions } from '../load/held.ts'

const PASSWORD = 'heavy-lifting-99'
/** Sessions of one account. */
const DEVICES = 100
/** Sign-ins under way at once. */
const AT_ONCE = 16
/** The kernel counts a process's time in hundredths of a second. */
const TICK_MS = 10

let started = 0

/** One server with many sessions, all from this process. */
export interface Crowd extends AsyncDisposable {
  readonly node: ServerNode
  readonly sessions: readonly Held[]
}

/** CPU time of a process until now, user and system, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Starts a server and signs in so many sessions. @param softwareOf - what the nth of them calls itself. */
export async function startCrowd(
  cluster: Cluster,
  count: number,
  softwareOf: (n: number) => string,
  { isResumable = false, env = {} }: { isResumable?: boolean; env?: Readonly<Record<string, string>> } = {},
): Promise<Crowd> {
  const node = await cluster.node(`crowd${++started}`, undefined, {
    DRAWBRIDGE_ALLOW_PLAINTEXT: 'true',
    DRAWBRIDGE_STREAM_MAX_CONNECTIONS_PER_ADDRESS: '100000',
    DRAWBRIDGE_STREAM_MAX_SESSIONS: '10000',
    // Everybody here comes from this machine, and is to be treated as one of the crowd.
    DRAWBRIDGE_BREAK_GLASS_NETWORKS: '192.0.2.0/24',
    DRAWBRIDGE_LOG_LEVEL: 'warn',
    ...env,
  })
  const accounts = Array.from({ length: Math.ceil(count / DEVICES) }, (_, n) => ({ name: `u${n}`, password: PASSWORD }))
  for (let from = 0; from < accounts.length; from += 50) {
    await node.admin('POST', '/api/v1/accounts/import', { accounts: accounts.slice(from, from + 50) })
  }
  const wanted = Array.from({ length: count }, (_, n): HeldOptions => ({
    port: node.c2sPort,
    account: accounts[n % accounts.length]!.name,
    password: PASSWORD,
    id: randomUUID(),
    software: softwareOf(n),
    isResumable,
  }))
  const sessions = await eachOf(wanted, AT_ONCE, hold)
  return {
    node,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.close()
      await node.stop()
    },
  }
}
