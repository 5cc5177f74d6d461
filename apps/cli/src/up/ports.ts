import { createServer } from 'node:net'
import type { CommonConfig } from '@drawbridge/runtime'
import { Refused } from '../command.ts'

/** The ports the server will listen on, with the variable that changes each. */
export function listPorts(config: Pick<CommonConfig, 'httpPort' | 'c2sPort' | 'c2sTlsPort'>) {
  return [
    { env: 'DRAWBRIDGE_HTTP_PORT', port: config.httpPort },
    { env: 'DRAWBRIDGE_C2S_PORT', port: config.c2sPort },
    { env: 'DRAWBRIDGE_C2S_TLS_PORT', port: config.c2sTlsPort },
  ]
}

/** Why nobody can listen on this port now; undefined when it is free. */
export function whyTaken(host: string, port: number, env: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const probe = createServer()
  probe.once('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EADDRINUSE')
      resolve(`Port ${port} is taken by another program: stop it, or set ${env} to another port.`)
    else if (code === 'EACCES')
      resolve(`Port ${port} needs more rights than this account has: set ${env} to a port above 1023.`)
    else if (code === 'EADDRNOTAVAIL') resolve(`${host} is not an address of this machine: change DRAWBRIDGE_BIND.`)
    else resolve(`Nobody can listen on ${host} port ${port} (${code ?? 'unknown reason'}).`)
  })
  probe.listen({ host, port, exclusive: true }, () => void probe.close(() => resolve(undefined)))
  return promise
}

/** @throws Refused with one sentence when two settings name one port or a port is taken. */
export async function checkPorts(
  config: Pick<CommonConfig, 'bind' | 'httpPort' | 'c2sPort' | 'c2sTlsPort'>,
): Promise<void> {
  const ports = listPorts(config).filter(({ port }) => port !== 0)
  for (const [index, { env, port }] of ports.entries()) {
    const twin = ports.slice(0, index).find((other) => other.port === port)
    if (twin) throw new Refused(`${twin.env} and ${env} are both ${port}: each needs a port of its own.`)
    const reason = await whyTaken(config.bind, port, env)
    if (reason !== undefined) throw new Refused(reason)
  }
}
