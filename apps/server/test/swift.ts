import { AwsV4Signer } from 'aws4fetch'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Debian's own, which need not be the first on the path. */
const PYTHON = '/usr/bin/python3'
const SERVER = fileURLToPath(new URL('swift_server.py', import.meta.url))
const KEYS = { accessKeyId: 'drawbridge:test', secretAccessKey: 'a-secret' } as const
const REGION = 'eu-central-1'
const BUCKET = 'drawbridge'

/** Whether Debian's `python3-swift` is installed. */
export function hasSwift(): boolean {
  return spawnSync(PYTHON, ['-c', 'import swift.common.middleware.s3api'], { stdio: 'ignore' }).status === 0
}

export interface Swift extends AsyncDisposable {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A real object store that others made, with the S3 API in front: OpenStack Swift, with an empty bucket. */
export async function startSwift(): Promise<Swift> {
  const directory = await mkdtemp(join(tmpdir(), 'swift-'))
  const child = spawn(PYTHON, [SERVER, directory, KEYS.accessKeyId, KEYS.secretAccessKey], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    await rm(directory, { recursive: true, force: true })
  }
  const [port] = await Promise.race([once(child.stdout, 'data'), exited.then(() => [])])
  if (port === undefined) throw new Error('Swift did not start')
  const endpoint = `http://127.0.0.1:${String(port).trim()}`
  const request = { method: 'PUT', url: `${endpoint}/${BUCKET}`, region: REGION, service: 's3', ...KEYS }
  const { url, headers } = await new AwsV4Signer(request).sign()
  const made = await fetch(url, { method: 'PUT', headers })
  if (!made.ok) throw new Error(`Swift made no bucket: ${made.status} ${await made.text()}`)
  return { endpoint, region: REGION, bucket: BUCKET, ...KEYS, [Symbol.asyncDispose]: stop }
}
