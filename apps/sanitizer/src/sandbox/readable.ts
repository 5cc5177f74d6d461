import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** This package: the children's own code. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** The one table that children share with the server. It imports nothing. */
const TABLE = fileURLToPath(import.meta.resolve('@drawbridge/contract/file-extensions'))
const SHARED = [TABLE, join(dirname(TABLE), '..', 'package.json')]

/** Where systems keep shared libraries, and the linker's index of them. */
const SYSTEM_LIBRARIES = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/etc/ld.so.cache']

/**
 * All that a child may read while it starts: Node, its own code, the modules that Node's resolution reaches from there,
 * a table, and the system's libraries. No settings, no data, no other program.
 */
export function readablePaths(): readonly string[] {
  const found = [PACKAGE_ROOT, ...moduleFolders(PACKAGE_ROOT), ...SHARED, ...SYSTEM_LIBRARIES].filter((path) =>
    existsSync(path),
  )
  const node = realpathSync(process.execPath)
  const isCovered = found.some((path) => node.startsWith(path + sep))
  return isCovered ? found : [...found, node]
}

function moduleFolders(folder: string): string[] {
  const parent = dirname(folder)
  return [join(folder, 'node_modules'), ...(parent === folder ? [] : moduleFolders(parent))]
}
