import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file with new keys of 32 bytes, as an operator would make it; gone with the test. */
export async function keyFile(count = 1) {
  const directory = await mkdtemp(join(tmpdir(), 'keys-'))
  const path = join(directory, 'keys')
  const keys = Array.from({ length: count }, () => randomBytes(32).toString('base64'))
  await writeFile(path, `# keys\n${keys.join('\n')}\n`, { mode: 0o600 })
  return { path, keys, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}
