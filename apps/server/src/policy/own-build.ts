import type { Log } from '@drawbridge/runtime'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Advisories } from './advisories.ts'

const manifest = z.object({ name: z.string(), version: z.string(), build: z.string() })

/** Puts our own web client on record with what it is made of, so that advisories find it like any other client. */
export async function registerOwnBuild(
  directory: string,
  advisories: Pick<Advisories, 'registerBuild'>,
  log: Log,
): Promise<void> {
  try {
    const { name, version, build } = manifest.parse(await readJson(join(directory, 'build.json')))
    const sbom = await readJson(join(directory, 'sbom.json'))
    await advisories.registerBuild('local:server', { family: name, version, build, sbom })
  } catch (error) {
    log.warn('the web client is not on record with its bill of materials', { error: String(error) })
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}
