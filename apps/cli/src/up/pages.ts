import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Refused } from '../command.ts'

/** The pages that are built here, by their folder in `apps`. */
const PAGES = { web: 'web client', admin: 'console' } as const
export type Page = keyof typeof PAGES

/** What each is made of, beside its own folder. */
const SHARED = ['packages/{contract,policy,ui,xmpp}/src/**/*.{ts,tsx,css}', 'package.json', 'pnpm-lock.yaml']

/**
 * Builds a page unless its last build was made from the same sources.
 *
 * @returns whether it was built.
 */
export async function buildPage(page: Page, root: string, note: (line: string) => void): Promise<boolean> {
  const stamp = join(root, '.cache', `${page}-build`)
  const key = sourceKey(root, page)
  if (existsSync(join(root, 'apps', page, 'dist/index.html')) && read(stamp) === key) return false
  note(`Building the ${PAGES[page]} …`)
  const { code, output } = await run(join(root, 'apps', page))
  if (code !== 0) throw new Refused(`The ${PAGES[page]} could not be built:\n${output.trim()}`)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, key)
  return true
}

function sourceKey(root: string, page: Page): string {
  const hash = createHash('sha256').update(process.env['DRAWBRIDGE_WEB_VERSION'] ?? '')
  const files = globSync([`apps/${page}/**/*`, ...SHARED], {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => /^(node_modules|dist)$/.test(entry.name),
  })
  const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const path of paths.toSorted()) {
    if (!/\.test\.tsx?$/.test(path)) hash.update(path.slice(root.length)).update('\0').update(readFileSync(path))
  }
  return hash.digest('hex')
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function run(cwd: string): Promise<{ code: number | null; output: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number | null; output: string }>()
  const child = spawn(process.execPath, [join(cwd, 'node_modules/vite/bin/vite.js'), 'build'], {
    cwd,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
  child.once('error', reject)
  child.once('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString('utf8') }))
  return promise
}
