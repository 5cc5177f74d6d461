import type { Log } from '@drawbridge/runtime'
import type { AdvisoriesConfig } from './advisories.config.ts'
import { createAdvisories } from './advisories.ts'
import type { Advisories, AdvisoriesOptions } from './advisories.ts'
import { startFeedMirror } from './feed-mirror.ts'
import { createClientBuilds } from './own-build.ts'
import type { ClientBuilds } from './own-build.ts'

export interface RunningAdvisories extends AsyncDisposable {
  readonly advisories: Advisories
  readonly builds: ClientBuilds
}

export interface AdvisoryParts extends Omit<AdvisoriesOptions, 'feedKeys' | 'log'> {
  readonly config: AdvisoriesConfig
  /** Where our own web client is; absent: it is not served here. */
  readonly webDir: string | undefined
  /** See `ClientBuildsOptions`. */
  readonly buildGraceMs: number
  readonly log: Log
}

/** Advisories, and what keeps them up to date: the mirror, and what our own web client is made of. */
export function startAdvisories({ config, webDir, buildGraceMs, log, ...parts }: AdvisoryParts): RunningAdvisories {
  const { feedKeys, feedUrl, feedIntervalMs } = config
  const advisories = createAdvisories({ ...parts, feedKeys, log })
  const mirror = startFeedMirror({ advisories, url: feedUrl, intervalMs: feedIntervalMs, log })
  const builds = createClientBuilds({
    db: parts.db,
    directory: webDir,
    advisories,
    graceMs: buildGraceMs,
    log,
    now: parts.now,
  })
  const ownBuild = builds.refresh()
  return {
    advisories,
    builds,
    async [Symbol.asyncDispose]() {
      await ownBuild
      await mirror[Symbol.asyncDispose]()
    },
  }
}
