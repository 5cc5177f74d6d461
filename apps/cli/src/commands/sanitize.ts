import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IMAGE_PROFILES, type ImageFormat, type ImageProfile, type Sanitize } from '@drawbridge/contract'
import { createSanitize, isReadyMessage } from '@drawbridge/runtime'
import { parse, required } from '../arguments.ts'
import { type Command, Refused, UsageError } from '../command.ts'

/** What became of one file. */
interface FileReport {
  /** Relative to the argument. */
  readonly file: string
  readonly verdict: 'clean' | 'refused'
  readonly reason?: string
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

const EXTENSION: Readonly<Record<ImageFormat, string>> = { jpeg: '.jpg', png: '.png', webp: '.webp', gif: '.gif' }
const SANITIZER = fileURLToPath(new URL('../../../sanitizer/src/main.ts', import.meta.url))
const AT_ONCE = 4

/** Needs no server: it starts a sanitizer of its own, with the same settings. */
export const sanitize: Command = {
  name: 'sanitize',
  usage: `FILE|DIR --out DIR [--profile ${IMAGE_PROFILES.join('|')}]`,
  summary: 'Re-encode images offline: verdict, formats and sizes per file. Exit code 1 when one is not clean.',

  async run(args, cli) {
    const { values, words } = parse(args, ['FILE|DIR'], {
      out: { type: 'string' },
      profile: { type: 'string', default: 'image' },
    })
    const profile = IMAGE_PROFILES.find((name) => name === values.profile)
    if (profile === undefined) throw new UsageError(`--profile is one of ${IMAGE_PROFILES.join(', ')}.`)
    const source = cli.resolvePath(words[0] ?? '')
    const target = cli.resolvePath(required(values.out, '--out'))
    const files = await listFiles(source)
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

    cli.result(reports.map(line), reports)
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
    return `${verdict.padEnd(7)}  ${file}  ${inputFormat}  ${bytesIn} bytes${reason ? `  ${reason}` : ''}`
  const shape = `${widthPx}x${heightPx}${frames > 1 ? `, ${frames} frames` : ''}`
  return `${verdict.padEnd(7)}  ${file}  ${inputFormat} -> ${outputFormat}  ${bytesIn} -> ${bytesOut} bytes  ${shape}  ${output}`
}

/** A file, or every file below a directory in the order of its name. Links are not followed. */
async function listFiles(source: string): Promise<{ name: string; path: string }[]> {
  const info = await stat(source).catch(() => undefined)
  if (info === undefined) throw new UsageError(`${source} does not exist.`)
  if (!info.isDirectory()) return [{ name: basename(source), path: source }]
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ name: relative(source, path), path }))
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
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, verdict.bytes)
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
