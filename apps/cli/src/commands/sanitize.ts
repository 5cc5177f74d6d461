import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  IMAGE_PROFILES,
  type ImageFormat,
  type ImageProfile,
  type ImageRejectReason,
  type Sanitize,
} from '@drawbridge/contract'
import { createSanitize, isReadyMessage, makeDirectory, whyNotWritable } from '@drawbridge/runtime'
import { parse, required } from '../arguments.ts'
import { type Command, Refused, UsageError } from '../command.ts'

/** What became of one file. */
interface FileReport {
  /** Relative to the argument. */
  readonly file: string
  readonly verdict: 'clean' | 'refused'
  readonly reason?: ImageRejectReason
  readonly inputFormat?: string
  readonly outputFormat?: ImageFormat
  readonly bytesIn: number
  readonly bytesOut?: number
  readonly widthPx?: number
  readonly heightPx?: number
  readonly frames?: number
  /** Relative to --out. */
  readonly output?: string
}

/** What lies in a directory and is no file: it is not read. */
interface SkippedReport {
  readonly file: string
  readonly verdict: 'skipped'
  readonly kind: 'link' | 'other'
}

const EXTENSION: Readonly<Record<ImageFormat, string>> = { jpeg: '.jpg', png: '.png', webp: '.webp', gif: '.gif' }
const REASON: Readonly<Record<ImageRejectReason, string>> = {
  unsupported: 'not an image of a kind that is accepted',
  corrupt: 'the file is damaged or cut off',
  'too-large': 'too many bytes or pixels',
  'too-many-frames': 'too many frames',
  failed: 'it could not be decoded safely',
}
const SANITIZER = fileURLToPath(new URL('../../../sanitizer/src/main.ts', import.meta.url))
const AT_ONCE = 4

/** Needs no server: it starts a sanitizer of its own, with the same settings. */
export const sanitize: Command = {
  name: 'sanitize',
  usage: `FILE|DIR --out DIR [--profile ${IMAGE_PROFILES.join('|')}]`,
  summary:
    'Re-encode images offline: verdict, formats and sizes per file. Links are skipped. Exit code 1 when one is refused.',

  async run(args, cli) {
    const { values, words } = parse(args, ['FILE|DIR'], {
      out: { type: 'string' },
      profile: { type: 'string', default: 'image' },
    })
    const profile = IMAGE_PROFILES.find((name) => name === values.profile)
    if (profile === undefined) throw new UsageError(`--profile is one of ${IMAGE_PROFILES.join(', ')}.`)
    const source = cli.resolvePath(words[0] ?? '')
    const target = cli.resolvePath(required(values.out, '--out'))
    const { files, skipped } = await listFiles(source)
    inTarget(target, () => makeDirectory(target))
    const names = outputNames(files.map((file) => file.name))

    await using sanitizer = await startSanitizer(cli.env)
    const reports: FileReport[] = []
    const queue = files.entries()
    const work = async () => {
      for (const [index, { name, path }] of queue) {
        reports[index] = await sanitizeFile(sanitizer.sanitize, {
          name,
          path,
          profile,
          target,
          output: names[index] ?? name,
        })
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))

    cli.result([...reports.map(line), ...skipped.map(skippedLine)], [...reports, ...skipped])
    if (skipped.length > 0) {
      cli.note(
        skipped.length === 1
          ? '1 entry was skipped: it is no file.'
          : `${skipped.length} entries were skipped: they are no files.`,
      )
    }
    const rejected = reports.filter(({ verdict }) => verdict !== 'clean').length
    if (rejected > 0) throw new Refused(`${rejected} of ${reports.length} files were refused.`, 'image-rejected')
  },
}

function line(report: FileReport): string {
  const {
    file,
    verdict,
    reason,
    inputFormat = 'unknown',
    outputFormat,
    bytesIn,
    bytesOut,
    widthPx,
    heightPx,
    frames = 1,
    output,
  } = report
  if (verdict !== 'clean')
    return `${verdict.padEnd(7)}  ${visible(file)}  ${inputFormat}  ${bytesIn} bytes${reason ? `  ${reason}: ${REASON[reason]}` : ''}`
  const shape = `${widthPx}x${heightPx}${frames > 1 ? `, ${frames} frames` : ''}`
  return `${verdict.padEnd(7)}  ${visible(file)}  ${inputFormat} -> ${outputFormat}  ${bytesIn} -> ${bytesOut} bytes  ${shape}  ${visible(output ?? '')}`
}

function skippedLine({ file, verdict, kind }: SkippedReport): string {
  return `${verdict}  ${visible(file)}  ${kind === 'link' ? 'a symbolic link, not followed' : 'neither a file nor a directory'}`
}

/** A name without what steers a terminal or turns the direction of writing: whoever made the file chose it. */
function visible(name: string): string {
  return name.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** Does something in the output directory. What does not work there is told in one sentence. */
function inTarget(target: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw new Refused(`${target} cannot be written: it ${whyNotWritable(error)}. Name another with --out.`)
  }
}

/** A file, or every file below a directory in the order of its name, and what there is besides. Links are not followed. */
async function listFiles(
  source: string,
): Promise<{ files: { name: string; path: string }[]; skipped: SkippedReport[] }> {
  const info = await stat(source).catch(() => undefined)
  if (info === undefined) throw new UsageError(`${source} does not exist.`)
  if (info.isFile()) return { files: [{ name: basename(source), path: source }], skipped: [] }
  if (!info.isDirectory()) throw new UsageError(`${source} is neither a file nor a directory.`)
  const files: { name: string; path: string }[] = []
  const skipped: SkippedReport[] = []
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(source, path)
    if (entry.isFile()) files.push({ name, path })
    else if (!entry.isDirectory()) {
      skipped.push({ file: name, verdict: 'skipped', kind: entry.isSymbolicLink() ? 'link' : 'other' })
    }
  }
  const byPath = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return {
    files: files.toSorted((a, b) => byPath(a.path, b.path)),
    skipped: skipped.toSorted((a, b) => byPath(a.file, b.file)),
  }
}

/**
 * Names without their extension, since the encoder decides on it; where two files differ in nothing else, all but the
 * first keep theirs too, so that the same directory always gives the same names.
 */
function outputNames(files: readonly string[]): string[] {
  const taken = new Set<string>()
  return files.map((file) => {
    const bare = file.slice(0, file.length - extname(file).length) || file
    const name = taken.has(bare) ? file : bare
    taken.add(name)
    return name
  })
}

async function sanitizeFile(
  run: Sanitize,
  job: { name: string; path: string; profile: ImageProfile; target: string; output: string },
): Promise<FileReport> {
  const bytes = await readFile(job.path)
  const verdict = await run(bytes, job.profile)
  const common = { file: job.name, bytesIn: bytes.length }
  // Asked for an image, whatever is none is refused like a kind that is not accepted.
  if (verdict.outcome === 'not-an-image') return { ...common, verdict: 'refused', reason: 'unsupported' }
  if (verdict.outcome === 'refused') {
    return {
      ...common,
      verdict: 'refused',
      reason: verdict.reason,
      ...(verdict.inputFormat !== undefined && { inputFormat: verdict.inputFormat }),
    }
  }
  const output = `${job.output}${EXTENSION[verdict.format]}`
  const path = resolve(job.target, output)
  inTarget(job.target, () => {
    makeDirectory(dirname(path))
    writeFileSync(path, verdict.bytes)
  })
  return {
    ...common,
    verdict: 'clean',
    inputFormat: verdict.inputFormat,
    outputFormat: verdict.format,
    bytesOut: verdict.bytes.length,
    widthPx: verdict.widthPx,
    heightPx: verdict.heightPx,
    frames: verdict.frames,
    output,
  }
}

interface RunningSanitizer extends AsyncDisposable {
  readonly sanitize: Sanitize
}

/** Starts a sanitizer on a socket in a temporary directory and waits until it is ready. */
async function startSanitizer(env: Readonly<Record<string, string | undefined>>): Promise<RunningSanitizer> {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-sanitize-'))
  const socket = join(directory, 'sanitizer.sock')
  const child = spawn(process.execPath, [SANITIZER], {
    env: { ...env, DRAWBRIDGE_SANITIZER_SOCKET: socket },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => void (errors = `${errors}${chunk.toString()}`.slice(-4_096)))
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    await rm(directory, { recursive: true, force: true })
  }
  const ready = new Promise<boolean>((answer) => {
    child.on('message', (message) => isReadyMessage(message) && answer(true))
    void exited.then(() => answer(false))
  })
  if (!(await ready)) {
    await stop()
    throw new Refused(`The sanitizer did not start: ${errors.trim()}`)
  }
  return { sanitize: createSanitize(socket), [Symbol.asyncDispose]: stop }
}
