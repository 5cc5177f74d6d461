import { createHash } from 'node:crypto'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import {
  IMAGE_PROFILES,
  type CleanFile,
  type CleanImage,
  type ImageFormat,
  type ImageProfile,
} from '@drawbridge/contract'
import { makeDirectory, SanitizerUnavailable, whyNotWritable } from '@drawbridge/runtime'
import { parse, required } from '../arguments.ts'
import { type Cli, type Command, Refused, UsageError } from '../command.ts'
import { inOrder } from '../sanitize/in-order.ts'
import { startOfflineSanitizer, type OfflineSanitizer } from '../sanitize/offline.ts'
import { lineOf, type FileReport } from '../sanitize/report.ts'
import { kindOf, walk, type Entry } from '../sanitize/walk.ts'

const EXTENSION: Readonly<Record<ImageFormat, string>> = { jpeg: '.jpg', png: '.png', webp: '.webp', gif: '.gif' }
/** More than the sanitizer has children, so that none waits for a file to be read. */
const AT_ONCE = 4
/** So many of the largest files are held at once. What is larger is above every limit of an image, and is not read. */
const MAX_READ_BYTES = 256 * 1024 * 1024
/** An image that lost its children twice to others is given a third chance, and then named. */
const ATTEMPTS = 2
const PROGRESS_EVERY_MS = 200

/** Needs no server: it starts a sanitizer of its own, with the same settings. */
export const sanitize: Command = {
  name: 'sanitize',
  usage: `FILE|DIR --out DIR [--thumbnails DIR] [--profile ${IMAGE_PROFILES.join('|')}]`,
  summary:
    'Make images anew, offline: verdict, formats and sizes per file, in the order of their paths; with --json one object a line. Links are skipped, names keep all but their extension. Exit code 1 when a file is refused or cannot be read.',

  async run(args, cli) {
    const job = jobFrom(args, cli)
    await kindOf(job.source)
    for (const directory of job.targets) await inTarget(directory, () => makeDirectory(directory))

    const counts = { clean: 0, refused: 0, skipped: 0, failed: 0 }
    const showProgress = throttled(() => cli.progress(summary(counts)))
    await using sanitizer = await startOfflineSanitizer(cli.env)
    await inOrder(
      walk(job.source, job.targets),
      AT_ONCE,
      (entry) => sanitizeEntry(sanitizer, job, entry),
      (report) => {
        counts[report.verdict] += 1
        cli.row(lineOf(report), report)
        showProgress()
      },
    )
    cli.progress('')
    if (counts.refused + counts.failed > 0) throw new Refused(`${summary(counts)}.`, 'image-rejected')
    cli.note(`${summary(counts)}.`)
  },
}

interface Job {
  readonly source: string
  readonly out: string
  readonly thumbnails: string | undefined
  /** The directories that are written to. */
  readonly targets: readonly string[]
  readonly profile: ImageProfile
}

function jobFrom(args: string[], cli: Cli): Job {
  const { values, words } = parse(args, ['FILE|DIR'], {
    out: { type: 'string' },
    thumbnails: { type: 'string' },
    profile: { type: 'string', default: 'image' },
  })
  const profile = IMAGE_PROFILES.find((name) => name === values.profile)
  if (profile === undefined) throw new UsageError(`--profile is one of ${IMAGE_PROFILES.join(', ')}.`)
  const out = cli.resolvePath(required(values.out, '--out'))
  const thumbnails =
    values.thumbnails === undefined ? undefined : cli.resolvePath(required(values.thumbnails, '--thumbnails'))
  // One could be written over the other.
  if (thumbnails !== undefined && (isWithin(thumbnails, out) || isWithin(out, thumbnails)))
    throw new UsageError('--out and --thumbnails are two directories, neither in the other.')
  const targets = thumbnails === undefined ? [out] : [out, thumbnails]
  return { source: cli.resolvePath(words[0] ?? ''), out, thumbnails, targets, profile }
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith('../')
}

async function sanitizeEntry(sanitizer: OfflineSanitizer, job: Job, entry: Entry): Promise<FileReport> {
  const { name, rawName, path, kind, output } = entry
  const file = { file: name, ...(rawName && { fileBytes: rawName.toString('base64') }) }
  if (kind !== 'file') return { ...file, verdict: 'skipped', kind }
  const bytes = await readBounded(path)
  if (bytes === 'unreadable') return { ...file, verdict: 'failed', why: bytes }
  if (typeof bytes === 'number') return { ...file, verdict: 'refused', reason: 'too-large', bytesIn: bytes }
  const bytesIn = bytes.length
  const verdict = await ask(sanitizer, bytes, job.profile)
  if (verdict === undefined) return { ...file, verdict: 'failed', why: 'unanswered' }
  // Asked for an image, whatever is none is refused like a kind that is not accepted.
  if (verdict.outcome === 'not-an-image') return { ...file, verdict: 'refused', reason: 'unsupported', bytesIn }
  if (verdict.outcome === 'refused') {
    const { reason, inputFormat } = verdict
    return { ...file, verdict: 'refused', reason, ...(inputFormat !== undefined && { inputFormat }), bytesIn }
  }
  const { format, widthPx, heightPx, frames, features, inputFormat, profileVersion } = verdict
  const written = await writeImage(job.out, output, verdict)
  return {
    ...file,
    verdict: 'clean',
    inputFormat,
    outputFormat: format,
    bytesIn,
    bytesOut: written.bytes,
    sha256: written.sha256,
    widthPx,
    heightPx,
    frames,
    features,
    output: written.output,
    ...(job.thumbnails !== undefined && { thumbnails: await writeThumbnails(job.thumbnails, output, verdict) }),
    profileVersion,
  }
}

/** The bytes; or how many there are, when they are too many. */
async function readBounded(path: Buffer): Promise<Buffer | number | 'unreadable'> {
  try {
    const { size } = await stat(path)
    return size > MAX_READ_BYTES ? size : await readFile(path)
  } catch {
    return 'unreadable'
  }
}

/** A verdict; undefined when there is none for this image. @throws Refused when there will be none for any. */
async function ask(sanitizer: OfflineSanitizer, bytes: Buffer, profile: ImageProfile) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      // No policy is asked here: whether AVIF is read is the setting's to say.
      return await sanitizer.sanitize(bytes, profile, { acceptsAvif: true })
    } catch (error) {
      if (!(error instanceof SanitizerUnavailable)) throw error
      if (!sanitizer.isRunning) throw new Refused('The sanitizer ended before all files were done.')
    }
  }
  return undefined
}

async function writeThumbnails(directory: string, output: string, { thumbnails }: CleanImage) {
  const written = []
  for (const file of thumbnails) written.push(await writeImage(directory, join(String(file.maxSidePx), output), file))
  return written
}

/** Writes a file under its name and the extension of its format; nobody ever sees a part of it under that name. */
async function writeImage(directory: string, name: string, { bytes, format }: CleanFile) {
  const output = `${name}${EXTENSION[format]}`
  const path = join(directory, output)
  await inTarget(directory, async () => {
    makeDirectory(dirname(path))
    await writeFile(`${path}.part`, bytes)
    await rename(`${path}.part`, path)
  })
  return { output, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** Does something in a directory that is written to. What does not work there is told in one sentence. */
async function inTarget(directory: string, work: () => void | Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new Refused(`${directory} cannot be written: it ${whyNotWritable(error)}. Name another with --out.`)
  }
}

function summary({ clean, refused, skipped, failed }: Readonly<Record<FileReport['verdict'], number>>): string {
  const entries = clean + refused + skipped + failed
  const others = [
    refused > 0 && `${refused} refused`,
    failed > 0 && `${failed} failed`,
    skipped > 0 && `${skipped} skipped`,
  ]
  return [`${clean} of ${entries} clean`, ...others.filter(Boolean)].join(', ')
}

function throttled(work: () => void): () => void {
  let nextAt = 0
  return () => {
    if (performance.now() < nextAt) return
    nextAt = performance.now() + PROGRESS_EVERY_MS
    work()
  }
}
