import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Cli, Command } from '../command.ts'
import { evidenceApprove, evidenceExport, evidenceList, evidenceRequest } from './evidence.ts'
import { filesRenew } from './files.ts'

const ID = '01999999-0000-7000-8000-000000000001'
const RELEASE = {
  id: ID,
  reason: 'Case 4711, works council',
  requestedBy: 'carol@im.test',
  requestedAt: '2026-11-23T04:00:00.000Z',
  expiresAt: '2026-11-24T04:00:00.000Z',
}

/** Runs a command; the server answers what the table says, one after another. */
async function run(command: Command, args: string[], answers: Readonly<Record<string, unknown[]>> = {}) {
  const asked: unknown[] = []
  let printed: unknown
  const cli = {
    admin: async (route: string, call: object = {}) => {
      asked.push({ route, ...call })
      return answers[route]?.shift()
    },
    result: (lines: unknown) => void (printed = lines),
    note: () => undefined,
    readStdin: async () => 'seven gray herons\n',
    resolvePath: (path: string) => path,
  }
  await command.run(args, cli as unknown as Cli)
  return { asked, printed }
}

test('a request and an approval carry the person, whose password comes on standard input', async () => {
  const as = { name: 'carol', password: 'seven gray herons' }
  const flags = ['--as', 'carol', '--password-stdin']
  const requested = await run(evidenceRequest, [ID, '--reason', RELEASE.reason, ...flags], {
    requestEvidence: [{ release: RELEASE }],
  })
  expect(requested.asked).toEqual([
    { route: 'requestEvidence', params: { id: ID }, body: { reason: RELEASE.reason, as } },
  ])
  const approved = await run(evidenceApprove, [ID, ...flags], {
    approveEvidence: [{ release: { ...RELEASE, approvedBy: 'dave@im.test' } }],
  })
  expect(approved.printed).toContain('approved by dave@im.test')
})

test('what is wrong is told before the server is asked', async () => {
  const flags = ['--as', 'carol', '--password-stdin']
  await expect(run(evidenceRequest, [ID, ...flags])).rejects.toThrow('--reason')
  await expect(run(evidenceRequest, [ID, '--reason', 'curious', ...flags])).rejects.toThrow('reason')
  await expect(run(evidenceApprove, [ID])).rejects.toThrow('--as')
  await expect(run(evidenceApprove, [ID, '--as', 'carol'])).rejects.toThrow('--password-stdin')
  await expect(run(evidenceApprove, ['x', ...flags])).rejects.toThrow('id')
  await expect(run(evidenceExport, [ID])).rejects.toThrow('--out')
})

test('a released file is written for its reader only, piece by piece, and checked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-'))
  const path = join(folder, 'out.bin')
  const bytes = Buffer.from('raw bytes of a sender')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const piece = (start: number, end: number) => ({
    base64: bytes.subarray(start, end).toString('base64'),
    bytes: bytes.length,
    sha256,
  })
  const { asked } = await run(evidenceExport, [ID, '--out', path], { exportEvidence: [piece(0, 10), piece(10, 99)] })
  expect(asked.map((call) => (call as { query: unknown }).query)).toEqual([{ offset: 0 }, { offset: 10 }])
  expect(await readFile(path)).toEqual(bytes)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const answers = { exportEvidence: [{ ...piece(0, 99), sha256: '00' }] }
  await expect(run(evidenceExport, [ID, '--out', join(folder, 'other')], answers)).rejects.toThrow('not those')
  await rm(folder, { recursive: true })
})

test('the list says what is sealed, and who wants to see it', async () => {
  const sealed = {
    id: ID,
    sender: 'alice@im.test',
    filename: 'a.png',
    bytes: 9,
    outcome: 'refused',
    reason: 'corrupt',
    sealedAt: '2026-11-23T04:00:00.000Z',
    expiresAt: '2026-12-23T04:00:00.000Z',
    releases: [RELEASE],
  }
  const { printed } = await run(evidenceList, [], { listEvidence: [{ evidence: [sealed] }] })
  expect(printed).toEqual([expect.stringMatching(/alice@im\.test {2}"a\.png" .*refused: corrupt.*by carol@im\.test/)])
})

test('files that were not renewed are a reason to keep the old keys', async () => {
  const progress = { isRunning: false, seen: 3, renewed: 2, failed: 0 }
  expect((await run(filesRenew, [], { renewFiles: [progress] })).printed).toContain('3 files: 2 renewed')
  await expect(run(filesRenew, [], { renewFiles: [{ ...progress, failed: 1 }] })).rejects.toThrow('keep the old keys')
})
