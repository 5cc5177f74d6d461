import type { ResponseOf } from '@drawbridge/contract'
import { checkpointBytes, hashOf, keyIdOf } from '@drawbridge/db'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AdminClient } from '../admin-client.ts'
import { type Cli, Unproved } from '../command.ts'
import { auditExport, auditVerify } from './audit.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const { x: key = '' } = publicKey.export({ format: 'jwk' })

/** A log of five entries in two parts, as the server gives it, with a signature on its end. */
function parts(): ResponseOf<'exportAudit'>[] {
  let prevHash: Buffer = Buffer.alloc(32)
  const rows = [1, 2, 3, 4, 5].map((seq) => {
    const row = {
      seq,
      at: new Date(seq * 1_000),
      actor: 'ana@im.test',
      action: 'cut',
      target: `t${seq}`,
      detail: { seq },
      prevHash,
    }
    const hash = hashOf(row)
    prevHash = hash
    return { ...row, hash }
  })
  const entries = rows.map(({ seq, at, actor, action, target, detail, prevHash: before, hash }) => ({
    position: seq,
    at: at.toISOString(),
    actor,
    action,
    target,
    details: detail,
    previousHash: before.toString('hex'),
    hash: hash.toString('hex'),
  }))
  const at = new Date(9_000)
  const signature = sign(null, checkpointBytes({ seq: 5, hash: prevHash, at }), privateKey).toString('base64')
  const hash = prevHash.toString('hex')
  const checkpoint = { position: 5, hash, at: at.toISOString(), keyId: keyIdOf(publicKey), signature }
  return [
    { key, entries: entries.slice(0, 3), next: 3 },
    { key, entries: entries.slice(3), head: { position: 5, hash }, checkpoints: [checkpoint] },
  ]
}

/** The command line with such a server, and a file of its export. */
async function exported() {
  const directory = await mkdtemp(join(tmpdir(), 'audit-'))
  const path = join(directory, 'audit.jsonl')
  const results: unknown[] = []
  const served = parts()
  const admin = (async (_: string, call: { query: { after: number } }) =>
    served[call.query.after === 0 ? 0 : 1]) as AdminClient
  const cli = { admin, result: (_: unknown, value: unknown) => void results.push(value) } as unknown as Cli
  await auditExport.run([path], cli)
  return {
    path,
    results,
    verify: (...args: string[]) => auditVerify.run([path, ...args], cli),
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true })
    },
  }
}

test('an exported log is checked without a server', async () => {
  await using log = await exported()
  await log.verify('--key', key)
  expect(log.results.at(-1)).toEqual({ isIntact: true, checked: 5, checkpoints: 1 })
})

test('control §7.8: every flipped byte and every missing row is found', async () => {
  await using log = await exported()
  const text = await readFile(log.path, 'utf8')
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ResponseOf<'exportAudit'>)
  const entries = lines.flatMap((line) => line.entries)
  const write = (kept: typeof entries) => writeFile(log.path, `${JSON.stringify({ ...lines[1], entries: kept })}\n`)
  for (const gone of entries) {
    await write(entries.filter((entry) => entry !== gone))
    await expect(log.verify('--key', key)).rejects.toThrow('was changed')
    expect(log.results.at(-1)).toMatchObject({ isIntact: false, brokenAt: gone.position, reason: 'missing' })
  }
  // Each byte of each entry, but for white space there is none: a flip is found, or the file is no JSON any more.
  const line = JSON.stringify({ ...lines[1], entries })
  const from = line.indexOf('"entries":[') + '"entries":['.length
  for (let at = from; at < from + 300; at += 7) {
    const bytes = Buffer.from(line)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(log.path, bytes)
    await expect(log.verify('--key', key), line.slice(at - 10, at + 10)).rejects.toThrow('was changed')
  }
})

test('a key that begins with a hyphen is a key', async () => {
  await using log = await exported()
  await expect(log.verify('--key', `-${'A'.repeat(42)}`)).rejects.toBeInstanceOf(Unproved)
})

test('a log that was written anew under another key does not pass under the one that was noted', async () => {
  await using log = await exported()
  const { x: other = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  await expect(log.verify('--key', other)).rejects.toBeInstanceOf(Unproved)
})

test('a file that names another key, or has no signature, is not proved by it, whatever fits together in it', async () => {
  await using log = await exported()
  const text = await readFile(log.path, 'utf8')
  await writeFile(log.path, text.replaceAll(`"key":"${key}"`, `"key":"${'A'.repeat(43)}"`))
  await expect(log.verify()).rejects.toBeInstanceOf(Unproved)
  await writeFile(log.path, text.replace(/"checkpoints":\[.*?\]/u, '"checkpoints":[]'))
  await expect(log.verify()).rejects.toBeInstanceOf(Unproved)
  await expect(log.verify('--key', key)).rejects.toBeInstanceOf(Unproved)
})
