import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  animatedGif,
  fixture,
  HOSTILE_IMAGES,
  loadedPng,
  mutantOf,
  ordinaryPng,
  SECRET,
} from '@drawbridge/testkit/images'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Refused, UsageError, type Cli } from '../command.ts'
import type { FileReport } from '../sanitize/report.ts'
import { sanitize } from './sanitize.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
/** What CI has time for, twice; `DRAWBRIDGE_TEST_MANY_FILES=20000` has as many as one likes. */
const MANY = Number(process.env['DRAWBRIDGE_TEST_MANY_FILES'] ?? 300) // oxlint-disable-line no-restricted-properties
/** One in so many is hostile: each costs the sanitizer a new pair of children. */
const HOSTILE_EVERY = 12
/** From one hostile file to the next in the catalog, so that every group of it is met. */
const STRIDE = 7
/** Where every core is busy with other tests. */
const MANY_TIMEOUT_MS = Math.max(180_000, 200 * MANY)

let directory: string
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'drawbridge-cli-'))))
afterEach(() => rm(directory, { recursive: true }))

/** Runs the command in the temporary directory and returns what it printed. */
async function run(
  ...args: string[]
): Promise<{ lines: readonly string[]; value: readonly unknown[]; notes: readonly string[]; error: unknown }> {
  const [lines, value, notes]: [string[], unknown[], string[]] = [[], [], []]
  const cli: Pick<Cli, 'env' | 'note' | 'progress' | 'resolvePath' | 'row'> = {
    env: {},
    note: (line) => void notes.push(line),
    progress: () => {},
    resolvePath: (path) => resolve(directory, path),
    row: (line, report) => {
      lines.push(line)
      value.push(report)
    },
  }
  const error = await sanitize.run(args, cli as Cli).catch((fault: unknown) => fault)
  return { lines, value, notes, error }
}

test('an operator cleans a directory of images without a server', async () => {
  await mkdir(join(directory, 'in/sub'), { recursive: true })
  const files = {
    'in/photo.png': loadedPng(),
    'in/photo.jpeg': ordinaryPng(20, 10),
    'in/sub/wave.gif': animatedGif(160, 3),
    'in/logo.svg': Buffer.from('<svg/>'),
    'in/page.png': Buffer.from('<html></html>'),
  }
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)

  const { lines, value, error } = await run('in', '--out', 'out')

  expect(value).toMatchObject([
    { file: 'logo.svg', verdict: 'refused', reason: 'unsupported', inputFormat: 'svg', bytesIn: 6 },
    { file: 'page.png', verdict: 'refused', reason: 'unsupported', bytesIn: 13 },
    { file: 'photo.jpeg', verdict: 'clean', inputFormat: 'png', outputFormat: 'png', output: 'photo.png', widthPx: 20 },
    { file: 'photo.png', verdict: 'clean', output: 'photo.png.png', bytesIn: files['in/photo.png'].length },
    { file: 'sub/wave.gif', verdict: 'clean', outputFormat: 'webp', frames: 3, output: 'sub/wave.webp' },
  ])
  expect(lines).toHaveLength(5)
  expect(error).toBeInstanceOf(Refused)
  expect(await readdir(join(directory, 'out'))).toEqual(['photo.png', 'photo.png.png', 'sub'])
  expect((await readFile(join(directory, 'out/photo.png.png'))).includes(SECRET)).toBe(false)
})

test('a single clean image is a success', async () => {
  await writeFile(join(directory, 'me.png'), ordinaryPng(400, 400))
  const { value, notes, error } = await run('me.png', '--out', 'out', '--profile', 'avatar')
  expect(error).toBeUndefined()
  expect(notes).toEqual(['1 of 1 clean.'])
  expect(value).toMatchObject([{ verdict: 'clean', widthPx: 192, heightPx: 192, output: 'me.png' }])
})

test.each([
  [['nothing-here', '--out', 'out']],
  [['.']],
  [['.', '--out', 'out', '--profile', 'poster']],
  [['.', '--out', 'out', '--thumbnails', 'out/small']],
])('wrong arguments are told: %j', async (args) => expect((await run(...args)).error).toBeInstanceOf(UsageError))

test('names are shown without control characters, refusals in words, and links are skipped by name', async () => {
  await mkdir(join(directory, 'in'))
  await writeFile(join(directory, 'in/a\u001b[31m\nb\u202e.png'), 'text')
  await symlink('/etc/hostname', join(directory, 'in/link.png'))
  const { lines, value, error } = await run('in', '--out', 'out')
  expect(lines).toEqual([
    'refused  a\\u{1b}[31m\\u{a}b\\u{202e}.png  unknown  4 bytes  unsupported: not an image of a kind that is accepted',
    'skipped  link.png  a symbolic link, not followed',
  ])
  expect(value).toMatchObject([{ verdict: 'refused' }, { file: 'link.png', verdict: 'skipped', kind: 'link' }])
  expect(error).toEqual(new Refused('0 of 2 clean, 1 refused, 1 skipped.', 'image-rejected'))
})

test.runIf(process.platform === 'linux')(
  'names that are no UTF-8 are told apart, found again by their bytes, and written',
  async () => {
    const raw = (...parts: (string | number)[]) =>
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))
    const names = [
      raw('caf', 0xe9, '.png'),
      raw('caf', 0xe8, '.png'),
      raw('café.png'),
      // As the first one is shown.
      raw('caf\\xe9.png'),
      raw('d', 0xff, '/', 0xc3),
    ]
    await mkdir(Buffer.concat([Buffer.from(join(directory, 'in/d')), Buffer.of(0xff)]), { recursive: true })
    for (const name of names) {
      await writeFile(Buffer.concat([Buffer.from(join(directory, 'in/')), name]), ordinaryPng(20, 10))
    }
    const { value, error } = await run('in', '--out', 'out')
    expect(error).toBeUndefined()
    const reports = value as readonly Extract<FileReport, { verdict: 'clean' }>[]
    expect(reports.map(({ file }) => file)).toEqual([
      'caf\\xe8.png',
      'caf\\xe9.png',
      'caf\\xe9.png',
      'café.png',
      'd\\xff/\\xc3',
    ])
    const found = reports.map(({ file, fileBytes }) => Buffer.from(fileBytes ?? file, fileBytes ? 'base64' : 'utf8'))
    expect(found.map(String).toSorted()).toEqual(names.map(String).toSorted())
    for (const name of names) expect(found.some((other) => other.equals(name))).toBe(true)
    expect(new Set(reports.map(({ output }) => output)).size).toBe(names.length)
    for (const { output, sha256 } of reports) {
      const written = await readFile(join(directory, 'out', output))
      expect(createHash('sha256').update(written).digest('hex')).toBe(sha256)
    }
  },
)

test.runIf(process.platform === 'linux')('an output directory that cannot be made is told at once', async () => {
  await writeFile(join(directory, 'me.png'), ordinaryPng(4, 4))
  const { error } = await run('me.png', '--out', '/proc/drawbridge/x')
  expect(error).toEqual(
    new Refused('/proc/drawbridge/x cannot be written: it cannot be made where it is. Name another with --out.'),
  )
})

test('what is written to is not read, and thumbnails are written where they are asked for', async () => {
  await writeFile(join(directory, 'wide.png'), ordinaryPng(600, 20))
  const { value, error } = await run('.', '--out', 'clean', '--thumbnails', 'small')
  expect(error).toBeUndefined()
  expect(value).toMatchObject([
    { file: 'wide.png', output: 'wide.png', thumbnails: [{ output: '512/wide.jpg' }, { output: '128/wide.jpg' }] },
  ])
  expect(await readdir(join(directory, 'clean'))).toEqual(['wide.png'])
  expect(await readdir(join(directory, 'small'))).toEqual(['128', '512'])
  expect((await run('.', '--out', 'clean', '--thumbnails', 'small')).value).toEqual(value)
})

test('names of any length, and files that are too large to be read, hold nothing up', async () => {
  await mkdir(join(directory, 'in'))
  const long = 'a'.repeat(255)
  await writeFile(join(directory, 'in', long), ordinaryPng(4, 4))
  await writeFile(join(directory, 'in/huge.png'), '')
  await truncate(join(directory, 'in/huge.png'), 300 * 1024 * 1024)
  const { value } = await run('in', '--out', 'out')
  expect(value).toMatchObject([
    { file: long, verdict: 'clean', output: expect.stringMatching(/^a{223}~[0-9a-f]{16}\.png$/) },
    { file: 'huge.png', verdict: 'refused', reason: 'too-large' },
  ])
})

/** A tree of many small files: ordinary ones of every format, damaged ones, hostile ones, and what is none. */
async function manyFiles(root: string, count: number): Promise<void> {
  const hostile = HOSTILE_IMAGES.filter(({ group, expect: outcome }) => group !== 'B' && outcome !== 'either')
  for (let index = 0; index < count; index++) {
    const folder = join(root, `${index % 40}`)
    if (index < 40) await mkdir(folder, { recursive: true })
    const bytes =
      index % HOSTILE_EVERY === 0
        ? hostile[((index / HOSTILE_EVERY) * STRIDE) % hostile.length]!.bytes()
        : index % 60 === 7
          ? mutantOf(index).bytes
          : ordinaryFile(index)
    await writeFile(join(folder, `${index}.png`), bytes)
  }
}

function ordinaryFile(index: number): Buffer {
  const makers = [
    () => ordinaryPng(1 + (index % 60), 1 + (index % 7)),
    () => Buffer.from(`notes of ${index}`),
    () => fixture('webpLossless'),
    () => fixture('jpeg'),
  ]
  return makers[index % makers.length]?.() ?? Buffer.alloc(0)
}

/** The program itself, as it is typed. */
async function spawned(...args: string[]): Promise<{ stdout: string; exitCode: number | null }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { INIT_CWD: directory },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  const stdout = await text(child.stdout)
  await exited
  return { stdout, exitCode: child.exitCode }
}

/** Every file below a directory with the hash of its content. */
async function hashesOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hashed = files
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map(async (path) => {
      const hash = createHash('sha256').update(await readFile(path))
      return [relative(root, path), hash.digest('hex')] as const
    })
  return Object.fromEntries(await Promise.all(hashed))
}

test(
  'hundreds of mixed files, hostile ones among them, give the same lines and the same bytes each time',
  async () => {
    await manyFiles(join(directory, 'in'), MANY)
    const first = await run('in', '--out', 'first')
    const second = await spawned('sanitize', 'in', '--out', 'second', '--json')

    expect(second.stdout).toBe(first.value.map((report) => `${JSON.stringify(report)}\n`).join(''))
    expect(second.exitCode).toBe(1)
    const hashes = await hashesOf(join(directory, 'first'))
    expect(await hashesOf(join(directory, 'second'))).toEqual(hashes)
    const reports = first.value as readonly FileReport[]
    const files = reports.map(({ file }) => file)
    expect(files).toEqual(files.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(files).toHaveLength(MANY)
    // What is told is what was written, and nothing else was.
    const clean = reports.flatMap((report) => (report.verdict === 'clean' ? [[report.output, report.sha256]] : []))
    expect(Object.fromEntries(clean)).toEqual(hashes)
    expect(clean.length).toBeGreaterThan(MANY / 2)
    expect(reports.filter(({ verdict }) => verdict === 'failed')).toEqual([])
    expect(first.error).toMatchObject({ code: 'image-rejected' })
  },
  MANY_TIMEOUT_MS,
)

test('arguments that are wrong end with 2, before anything is started', async () => {
  expect(await spawned('sanitize', 'nothing-here', '--out', 'out', '--json')).toEqual({ stdout: '', exitCode: 2 })
  expect(await readdir(directory)).toEqual([])
})
