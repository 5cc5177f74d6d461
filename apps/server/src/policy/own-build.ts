import type { Log } from '@drawbridge/runtime'
import { findBuildRegistration } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Advisories } from './advisories.ts'

const manifest = z.object({ name: z.string(), version: z.string(), build: z.string() })
type Manifest = z.output<typeof manifest>

/** One build of a client. */
export interface Build {
  readonly family: string
  readonly version: string
  readonly build: string
}

/** Which builds are current (control §3.1, E3). */
export interface ClientBuilds {
  /**
   * Whether a client of this build is what it should be now: the web client that is served here, or one from shortly
   * before it; of any other family, a build that is on record.
   */
  isCurrent(build: Build): Promise<boolean>
  /** Puts the build that is served on record, where it is another one than before. Never rejects. */
  refresh(): Promise<void>
}

export interface ClientBuildsOptions {
  readonly db: Db
  /** Where our own web client is; absent: it is not served here. */
  readonly directory: string | undefined
  readonly advisories: Pick<Advisories, 'registerBuild'>
  /** How long the builds before the one that is served stay current, in milliseconds. */
  readonly graceMs: number
  readonly log: Log
  readonly now: () => Date
}

/**
 * Follows the web client in its directory: it is on record with what it is made of, so that advisories find it like any
 * other client, and it is known which builds are from before it.
 */
export function createClientBuilds(options: ClientBuildsOptions): ClientBuilds {
  const { db, directory, advisories, graceMs, log, now } = options
  let served: { readonly builtMs: number; readonly manifest: Manifest; readonly since: Date } | undefined
  const read = async (path: string) => {
    const builtMs = (await stat(join(path, 'build.json'))).mtimeMs
    if (served?.builtMs === builtMs) return
    const found = manifest.parse(await readJson(join(path, 'build.json')))
    const { name: family, version, build } = found
    try {
      const sbom = await readJson(join(path, 'sbom.json'))
      await advisories.registerBuild('local:server', { family, version, build, sbom })
    } catch (error) {
      log.warn('the web client is not on record with its bill of materials', { error: String(error) })
    }
    const since = (await findBuildRegistration(db, { family, version, build })) ?? now()
    served = { builtMs, manifest: found, since }
  }
  let reading: Promise<void> | undefined
  /** However many ask, it is read once at a time. */
  const refresh = async () => {
    if (directory === undefined) return
    reading ??= read(directory)
      .catch((error: unknown) => log.warn('it is not known which web client is served', { error: String(error) }))
      .finally(() => (reading = undefined))
    await reading
  }
  return {
    refresh,
    async isCurrent(asked) {
      await refresh()
      if (served?.manifest.name !== asked.family) return (await findBuildRegistration(db, asked)) !== undefined
      const { version, build } = served.manifest
      if (asked.version === version && asked.build === build) return true
      const isGrace = now().getTime() < served.since.getTime() + graceMs
      return isGrace && (await findBuildRegistration(db, asked)) !== undefined
    },
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}
