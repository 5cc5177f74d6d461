import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, finding } from './finding.ts'

/**
 * Oldest releases without known holes that concern us, one per release line, oldest line first. A line below the first
 * has no safe release; a line that is not listed but newer than one that is takes that one's floor.
 */
export const FLOORS = {
  node: ['22.23.4', '24.22.1', '26.12.1'],
  ws: ['8.21.1'],
  sharp: ['0.35.0'],
  redis: ['7.2.16', '7.4.11', '8.2.9', '8.4.6', '8.6.6', '8.8.2', '8.10.1'],
  valkey: ['8.1.9'],
} as const satisfies Record<string, readonly string[]>

/** Whether `version` is at or above the floor of its line. Lines are majors for Node and major.minor for Redis. */
export function meetsFloor(component: keyof typeof FLOORS, version: string): boolean {
  const floors: readonly string[] = FLOORS[component]
  const depth = component === 'redis' ? 2 : 1
  const line = (of: string) => of.split('.').slice(0, depth).join('.')
  const same = floors.find((floor) => line(floor) === line(version))
  if (same !== undefined) return compare(version, same) >= 0
  // Between two lines, or above all: an unlisted line is as good as a release that is newer than the newest floor.
  return compare(version, floors.at(-1) ?? '0') >= 0
}

/** What the installed libraries and this Node look like against the floors. */
export function checkFloors(root: string): Finding[] {
  const installed = [
    { component: 'node', version: process.versions.node },
    { component: 'ws', version: versionOf(join(root, 'apps/server/node_modules/ws')) },
    { component: 'sharp', version: versionOf(join(root, 'apps/sanitizer/node_modules/sharp')) },
  ] as const
  return installed.map(({ component, version }) =>
    version === undefined ? finding(component, 'fail', 'is not installed; run npm start') : judge(component, version),
  )
}

/** The finding for one component. */
export function judge(component: keyof typeof FLOORS, version: string): Finding {
  const isSafe = meetsFloor(component, version)
  return finding(
    component,
    isSafe ? 'ok' : 'warn',
    isSafe ? version : `${version} has known security holes; use at least ${FLOORS[component].join(' or ')}`,
  )
}

/** Version of the package in this folder; undefined when it is not there. */
export function versionOf(folder: string): string | undefined {
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest)) return undefined
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).slice(0, 3).map(Number))
  for (const [index, part] of (left ?? []).entries()) {
    const difference = part - (right?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
