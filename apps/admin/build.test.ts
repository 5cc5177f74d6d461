import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string
const files = new Map<string, string>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drawbridge-admin-'))
  // As a process of its own: here NODE_ENV is `test`, which would give React's development build.
  const vite = join(import.meta.dirname, 'node_modules', 'vite', 'bin', 'vite.js')
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', directory, '--emptyOutDir'], {
    cwd: import.meta.dirname,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(directory.length + 1), await readFile(path, 'utf8'))
  }
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const ending = (extension: string) => [...files].filter(([name]) => name.endsWith(extension))
const gzipped = (extension: string) => ending(extension).reduce((sum, [, text]) => sum + gzipSync(text).length, 0)

test('the console stays within its budget of scripts and styles', () => {
  expect(gzipped('.js')).toBeGreaterThan(50_000)
  // All of it is there from the first page on: one that is fetched in the middle of an incident may be of another build.
  expect(gzipped('.js')).toBeLessThanOrEqual(150_000)
  expect(gzipped('.css')).toBeLessThanOrEqual(20_000)
})

test('everything it loads is under /admin, and the page has no script or style of its own', () => {
  const page = files.get('index.html') ?? ''
  expect(page.match(/<script\b[^>]*>/g)).toHaveLength(1)
  expect(page).toMatch(/<script type="module" crossorigin src="\/admin\/assets\/[\w-]+\.js"><\/script>/)
  expect(page).not.toMatch(/<style|style=|\son\w+=/)
})

test('no code of ours writes HTML, and no schema library gets into the bundle', async () => {
  const sources = (await readdir(join(import.meta.dirname, 'src'), { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && /\.tsx?$/.test(entry.name),
  )
  expect(sources.length).toBeGreaterThan(25)
  for (const { parentPath, name } of sources) {
    const text = await readFile(join(parentPath, name), 'utf8')
    expect(text, name).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/)
  }
  for (const [, text] of ending('.js')) expect(text).not.toContain('ZodError')
})
