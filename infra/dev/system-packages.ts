import { spawnSync } from 'node:child_process'

interface SystemPackage {
  /** In Debian. */
  readonly name: string
  isThere(): boolean
  /** Tests that need it skip, and say so; in CI, a skip is a failure. */
  readonly isOptional?: boolean
}

/** What npm cannot bring. */
const NEEDED: readonly SystemPackage[] = [
  { name: 'chromium', isThere: () => ['chromium', 'chromium-browser', 'google-chrome'].some(hasCommand) },
  { name: 'redis-server', isThere: () => hasCommand('redis-server') },
  // Debian's own Python has it, which need not be the first on the path.
  {
    name: 'python3-slixmpp',
    isThere: () => ['/usr/bin/python3', 'python3'].some((python) => succeeds(python, '-c', 'import slixmpp')),
  },
  // What the console shows as requests is meant for it.
  { name: 'curl', isThere: () => hasCommand('curl') },
  // The sanitizer's strongest sandbox. Without it the next one is used, and its tests skip.
  { name: 'bubblewrap', isThere: () => hasCommand('bwrap') },
  // A real antivirus engine, and a real ICAP server, for files.
  { name: 'clamav-daemon', isThere: () => hasCommand('clamd') },
  { name: 'c-icap', isThere: () => hasCommand('c-icap') },
  // A real object store with the S3 API.
  {
    name: 'python3-swift',
    isThere: () => succeeds('/usr/bin/python3', '-c', 'import swift.common.middleware.s3api'),
  },
  // The reference parser of OpenMetrics.
  {
    name: 'python3-prometheus-client',
    isThere: () => succeeds('/usr/bin/python3', '-c', 'import prometheus_client.openmetrics.parser'),
  },
  { name: 'prosody', isThere: () => hasCommand('prosody') },
  ...['go-sendxmpp', 'mcabber', 'profanity', 'tmux'].map((name) => ({
    name,
    isThere: () => hasCommand(name),
    isOptional: true,
  })),
  // Gajim's library, with what it needs of GLib.
  {
    name: 'python3-nbxmpp',
    isThere: () => succeeds('/usr/bin/python3', '-c', 'import gi; gi.require_version("Soup", "3.0"); import nbxmpp'),
    isOptional: true,
  },
]

/**
 * Installs the missing packages where apt is there and the account may (root, or sudo without a password).
 *
 * @returns the names of those that are still missing and without which `npm test` does not pass.
 */
export function ensureSystemPackages(say: (line: string) => void): string[] {
  const missing = () => NEEDED.filter(({ isThere }) => !isThere())
  const required = () => missing().flatMap(({ name, isOptional }) => (isOptional ? [] : [name]))
  const wanted = missing().map(({ name }) => name)
  if (wanted.length === 0) return []
  const isRoot = process.getuid?.() === 0
  if (!hasCommand('apt-get') || !(isRoot || succeeds('sudo', '-n', 'true'))) return required()
  say(`Installing ${wanted.join(', ')} with apt-get …`)
  // RUNLEVEL=1 keeps a package from starting its service: prosody would take port 5222, redis 6379.
  const settings = ['RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive']
  const apt = (...args: string[]) => {
    const [command, ...rest] = isRoot
      ? ['env', ...settings, 'apt-get', ...args]
      : ['sudo', '-n', 'env', ...settings, 'apt-get', ...args]
    return spawnSync(command ?? 'env', rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  }
  const install = (...names: string[]) => apt('install', '-y', '-qq', '--no-install-recommends', ...names)
  // A fresh machine has no package lists; one with lists need not wait for new ones.
  if (!install(...wanted) && apt('update', '-qq') && !install(...wanted))
    // One that this system does not have keeps none of the others away.
    for (const { name } of missing()) install(name)
  return required()
}

function hasCommand(name: string): boolean {
  return (
    succeeds('sh', '-c', `command -v ${name}`) || succeeds('sh', '-c', `PATH=/usr/sbin:/sbin:$PATH command -v ${name}`)
  )
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
