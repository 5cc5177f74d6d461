import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import type { Client } from './matrix.ts'

/** The version of a package of Debian's on this machine; nothing where it is not installed, or dpkg is not there. */
export function debianVersion(name: string): string | undefined {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Version}', name], {
    encoding: 'utf8',
  })
  return status === 0 ? /^ii +(\S+)/.exec(stdout)?.[1] : undefined
}

/** The package that this client needs and that npm does not bring, if it is not here. */
export function missingPackage({ from }: Client): string | undefined {
  const packages = 'debian' in from ? [from.debian, ...('also' in from ? [from.also] : [])] : []
  return packages.find((name) => debianVersion(name) === undefined)
}

/** Whether this machine is the Debian whose versions the matrix names. */
export function isDebianOfMatrix(): boolean {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^ID=debian$/m.test(release) && /^VERSION_ID="12"$/m.test(release)
}
