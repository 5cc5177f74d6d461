import { X509Certificate } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type CommonConfig, isLoopback, type Paths } from '@drawbridge/runtime'
import { readLock } from '../up/lock.ts'
import { listPorts, whyTaken } from '../up/ports.ts'
import { type Finding, finding } from './finding.ts'

const GIB = 1_024 ** 3
const DAY_MS = 86_400_000

/** Ports are free, or in use by the server of this data directory. */
export async function checkPortsFree(config: Readonly<CommonConfig>, paths: Paths): Promise<Finding[]> {
  const isRunning = readLock(paths.lock) !== undefined
  return Promise.all(
    listPorts(config).map(async ({ env, port }) => {
      const name = `port ${port}`
      const reason = port === 0 ? undefined : await whyTaken(config.bind, port, env)
      if (reason === undefined)
        return finding(name, isRunning ? 'warn' : 'ok', isRunning ? 'a server runs but not here' : 'free')
      return isRunning ? finding(name, 'ok', 'in use while the server runs') : finding(name, 'fail', reason)
    }),
  )
}

/** The data directory, or the nearest existing folder above it, can be written; and there is space. */
export async function checkDataDirectory({ data }: Paths): Promise<Finding[]> {
  let existing = data
  while (!existsSync(existing)) existing = dirname(existing)
  const probe = join(existing, `.drawbridge-doctor-${process.pid}`)
  const findings: Finding[] = []
  try {
    writeFileSync(probe, '')
    rmSync(probe)
    findings.push(finding('data directory', 'ok', existing === data ? data : `${data} (will be made)`))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    findings.push(
      finding('data directory', 'fail', `${existing} is not writable by this account (${code ?? 'unknown'})`),
    )
  }
  const { bavail, bsize } = await statfs(existing)
  const free = (bavail * bsize) / GIB
  findings.push(finding('disk space', free < 0.5 ? 'fail' : free < 5 ? 'warn' : 'ok', `${free.toFixed(1)} GiB free`))
  return findings
}

/** Certificates in use: the operator's, or the self-signed one that the server keeps with its secrets. */
export function checkCertificate(config: Readonly<CommonConfig>, { secrets }: Paths, now: Date): Finding[] {
  const files = config.tlsCert === undefined ? kept(secrets) : [config.tlsCert]
  if (files.length === 0) return [finding('certificate', 'ok', 'none yet; a self-signed one will be made')]
  return files.map((file) => {
    try {
      const { validTo, subject } = new X509Certificate(readFileSync(file))
      const days = Math.floor((new Date(validTo).getTime() - now.getTime()) / DAY_MS)
      const level = days < 0 ? 'fail' : days < 14 ? 'warn' : 'ok'
      const what = subject.replaceAll('\n', ', ')
      return finding('certificate', level, days < 0 ? `${what} expired on ${validTo}` : `${what}, ${days} days left`)
    } catch (error) {
      return finding(
        'certificate',
        'fail',
        `${file} cannot be read (${error instanceof Error ? error.message : 'unknown'})`,
      )
    }
  })
}

function kept(secrets: string): string[] {
  if (!existsSync(secrets)) return []
  return globSync('*.{crt,pem,cert}', { cwd: secrets })
    .map((name) => join(secrets, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path, 'utf8').includes('BEGIN CERTIFICATE'))
}

/** Whether files that people uploaded have an origin of their own (threats UP-05). @param mediaUrl - as configured. */
export function checkMediaOrigin({ bind }: Pick<CommonConfig, 'bind'>, mediaUrl: string | undefined): Finding {
  if (mediaUrl) return finding('origin of files', 'ok', mediaUrl)
  const sharing = 'files are of the origin of the web client, and kept from being shown or run by their headers alone'
  if (isLoopback(bind)) return finding('origin of files', 'ok', `${sharing}; this machine only`)
  return finding('origin of files', 'warn', `${sharing}: give them a host of their own by DRAWBRIDGE_MEDIA_URL`)
}
