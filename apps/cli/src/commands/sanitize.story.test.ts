import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { animatedGif, loadedPng, ordinaryPng, SECRET } from '@drawbridge/testkit/images'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Refused, UsageError, type Cli } from '../command.ts'
import { sanitize } from './sanitize.ts'

let directory: string
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'drawbridge-cli-'))))
afterEach(() => rm(directory, { recursive: true }))

/** Runs the command in the temporary directory and returns what it printed. */
async function run(
  ...args: string[]
): Promise<{ lines: readonly string[]; value: unknown; notes: readonly string[]; error: unknown }> {
  let printed: { lines: readonly string[]; value: unknown } = { lines: [], value: undefined }
  const notes: string[] = []
  const cli: Pick<Cli, 'env' | 'note' | 'resolvePath' | 'result'> = {
    env: {},
    note: (line) => void notes.push(line),
    resolvePath: (path) => resolve(directory, path),
    result: (lines, value) => void (printed = { lines: [lines].flat(), value }),
  }
  const error = await sanitize.run(args, cli as Cli).catch((fault: unknown) => fault)
  return { ...printed, notes, error }
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
  const { value, error } = await run('me.png', '--out', 'out', '--profile', 'avatar')
  expect(error).toBeUndefined()
  expect(value).toMatchObject([{ verdict: 'clean', widthPx: 192, heightPx: 192, output: 'me.png' }])
})

test.each([[['nothing-here', '--out', 'out']], [['.']], [['.', '--out', 'out', '--profile', 'poster']]])(
  'wrong arguments are told: %j',
  async (args) => expect((await run(...args)).error).toBeInstanceOf(UsageError),
)

test('names are shown without control characters, refusals in words, and links are skipped by name', async () => {
  await mkdir(join(directory, 'in'))
  await writeFile(join(directory, 'in/a\u001b[31m\nb\u202e.png'), 'text')
  await symlink('/etc/hostname', join(directory, 'in/link.png'))
  const { lines, value, notes } = await run('in', '--out', 'out')
  expect(lines).toEqual([
    'refused  a\\u{1b}[31m\\u{a}b\\u{202e}.png  unknown  4 bytes  unsupported: not an image of a kind that is accepted',
    'skipped  link.png  a symbolic link, not followed',
  ])
  expect(value).toMatchObject([{ verdict: 'refused' }, { file: 'link.png', verdict: 'skipped', kind: 'link' }])
  expect(notes).toEqual(['1 entry was skipped: it is no file.'])
})

test.runIf(process.platform === 'linux')('an output directory that cannot be made is told at once', async () => {
  await writeFile(join(directory, 'me.png'), ordinaryPng(4, 4))
  const { error } = await run('me.png', '--out', '/proc/drawbridge/x')
  expect(error).toEqual(
    new Refused('/proc/drawbridge/x cannot be written: it cannot be made where it is. Name another with --out.'),
  )
})
