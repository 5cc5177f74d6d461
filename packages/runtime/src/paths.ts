import { createHash } from 'node:crypto'
import { chmodSync, lstatSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigError } from './config.ts'
import { makeDirectory, whyNotWritable } from './directories.ts'

/** Where everything lives below the data directory. All absolute. */
export interface Paths {
  readonly data: string
  /** Sockets and the lock file; worthless after a stop. */
  readonly run: string
  readonly adminSocket: string
  readonly sanitizerSocket: string
  readonly fetcherSocket: string
  /** Says which process owns this data directory. */
  readonly lock: string
  /** Keys and certificates, 0700. */
  readonly secrets: string
  /** Files: `quarantine` as they were uploaded, never served; `clean` what may be downloaded. */
  readonly blobs: string
  readonly postgres: string
  /** What this node was ordered to do while the database was away. */
  readonly orders: string
  /** Signed commands are put here as files. */
  readonly commands: string
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, with a NUL. */
const MAX_SOCKET_PATH_BYTES = 100

/** Derives every path from the data directory. Touches nothing. */
export function paths(dataDir: string): Paths {
  const data = resolve(dataDir)
  const run = join(data, 'run')
  const sockets =
    Buffer.byteLength(join(run, 'sanitizer.sock')) <= MAX_SOCKET_PATH_BYTES
      ? run
      : join(tmpdir(), `drawbridge-${createHash('sha256').update(data).digest('hex').slice(0, 16)}`)
  return {
    data,
    run,
    adminSocket: join(sockets, 'admin.sock'),
    sanitizerSocket: join(sockets, 'sanitizer.sock'),
    fetcherSocket: join(sockets, 'fetcher.sock'),
    lock: join(run, 'drawbridge.lock'),
    secrets: join(data, 'secrets'),
    blobs: join(data, 'blobs'),
    postgres: join(data, 'postgres'),
    orders: join(data, 'orders'),
    commands: join(data, 'commands'),
  }
}

/**
 * Makes the directories, closed to others where they hold keys, sockets or unchecked files. The data directory itself
 * stays passable (0711): started by root, PostgreSQL runs as another account and must reach its own directory.
 *
 * @throws ConfigError when one cannot be made, or when another account owns the directory of the sockets.
 */
export function createDirectories(at: Paths): void {
  try {
    makeAll(at)
  } catch (error) {
    throw new ConfigError([
      `The data directory ${at.data} cannot be used: it ${whyNotWritable(error)}. Set DRAWBRIDGE_DATA_DIR to another.`,
    ])
  }
}

function makeAll(at: Paths): void {
  makeDirectory(at.data, 0o711)
  if (process.getuid?.() === 0) chmodSync(at.data, lstatSync(at.data).mode | 0o011)
  for (const directory of [at.run, join(at.adminSocket, '..'), at.secrets, at.blobs]) {
    makeDirectory(directory, 0o700)
    // Below a shared temporary directory anyone could have made it first.
    const { uid } = lstatSync(directory)
    if (uid !== (process.getuid?.() ?? uid)) throw new Error(`needs ${directory}, which belongs to another account`)
    chmodSync(directory, 0o700)
  }
}
