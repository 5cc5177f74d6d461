import { spawnSync } from 'node:child_process'

/** What npm cannot bring: how to see that it is there, and the Debian package that has it. */
const NEEDED = [
  { name: 'chromium', isThere: () => ['chromium', 'chromium-browser', 'google-chrome'].some(hasCommand) },
  { name: 'redis-server', isThere: () => hasCommand('redis-server') },
  // Debian's own Python has it, which need not be the first on the path.
  {
    name: 'python3-slixmpp',
    isThere: () => ['/usr/bin/python3', 'python3'].some((python) => succeeds(python, '-c', 'import slixmpp')),
  },
  { name: 'prosody', isThere: () => hasCommand('prosody') },
] as const

/**
 * Installs the missing packages where apt is there and the account may (root, or sudo without a password).
 *
 * @returns the names of those that are still missing.
 */
export function ensureSystemPackages(say: (line: string) => void): string[] {
  const missing = () => NEEDED.filter(({ isThere }) => !isThere()).map(({ name }) => name)
  const wanted = missing()
  if (wanted.length === 0) return []
  const isRoot = process.getuid?.() === 0
  if (!hasCommand('apt-get') || !(isRoot || succeeds('sudo', '-n', 'true'))) return wanted
  say(`Installing ${wanted.join(', ')} with apt-get …`)
  // RUNLEVEL=1 keeps a package from starting its service: prosody would take port 5222, redis 6379.
  const settings = ['RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive']
  const apt = (...args: string[]) => {
    const [command, ...rest] = isRoot
      ? ['env', ...settings, 'apt-get', ...args]
      : ['sudo', '-n', 'env', ...settings, 'apt-get', ...args]
    return spawnSync(command ?? 'env', rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  }
  const install = () => apt('install', '-y', '-qq', '--no-install-recommends', ...wanted)
  // A fresh machine has no package lists; one with lists need not wait for new ones.
  if (!install() && apt('update', '-qq')) install()
  return missing()
}

function hasCommand(name: string): boolean {
  return (
    succeeds('sh', '-c', `command -v ${name}`) || succeeds('sh', '-c', `PATH=/usr/sbin:/sbin:$PATH command -v ${name}`)
  )
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
