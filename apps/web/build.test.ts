import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { CODES } from '@drawbridge/contract/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string
const files = new Map<string, string>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drawbridge-web-'))
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

test('the client stays within its budget of scripts, styles and fonts', () => {
  expect(gzipped('.js')).toBeGreaterThan(50_000)
  expect(gzipped('.js')).toBeLessThanOrEqual(150_000)
  expect(gzipped('.css')).toBeLessThanOrEqual(20_000)
  expect([...files.keys()].filter((name) => /\.(woff2?|ttf|otf)$/.test(name))).toEqual([])
})

test('WC-06: the page has no script or style of its own, as its content security policy asks', () => {
  const page = files.get('index.html') ?? ''
  expect(page.match(/<script\b[^>]*>/g)).toHaveLength(1)
  expect(page).toMatch(/<script type="module" crossorigin src="\/assets\/[\w-]+\.js"><\/script>/)
  expect(page).not.toMatch(/<style|style=|\son\w+=/)
})

test('WC-07: no code of ours writes HTML, and nothing is evaluated', async () => {
  const folders = ['src', '../../packages/ui/src'].map((path) => join(import.meta.dirname, path))
  const entries = await Promise.all(folders.map((path) => readdir(path, { recursive: true, withFileTypes: true })))
  const sources = entries
    .flat()
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.test.ts'))
  expect(sources.length).toBeGreaterThan(50)
  for (const { parentPath, name } of sources) {
    const text = await readFile(join(parentPath, name), 'utf8')
    expect(text, name).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(/,
    )
  }
})

test('nothing of Node and no schema library gets into the bundle', () => {
  for (const [, text] of ending('.js')) {
    expect(text).not.toMatch(/["']node:(net|tls|dns|crypto)["']/)
    expect(text).not.toContain('ZodError')
  }
})

test('the error table of the server is not in the bundle: who refuses something says it in words', () => {
  const { en, de } = CODES['token-without-account'].text
  for (const [name, text] of ending('.js')) for (const words of [en, de]) expect(text.includes(words), name).toBe(false)
})

test('what signs in with the company account is loaded when it is needed', () => {
  const page = files.get('index.html') ?? ''
  const parts = ending('.js').filter(([, text]) => text.includes('code_challenge'))
  expect(parts).toHaveLength(1)
  expect(page).not.toContain(parts[0]![0])
})

test('the build says which version it is', () => {
  expect(JSON.parse(files.get('build.json') ?? '{}')).toEqual({
    name: 'drawbridge-web',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    build: expect.stringMatching(/^[0-9a-f]{10}$/),
  })
})
