import { existsSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { createInspect, SanitizerUnavailable } from '@drawbridge/runtime'
import { buildOffice, buildTar, buildZip, windowsProgram } from '@drawbridge/testkit/files'
import { expect, test } from 'vitest'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ChildHandle } from '../src/children/launch.ts'
import { get, plainLauncher, startInProcess, startProcess, temporarySocket } from './process.ts'

const program = buildZip([{ name: 'setup.exe', content: windowsProgram() }])

test('a file is looked into in a child of its own, which is gone afterwards', async () => {
  const started: ChildHandle[] = []
  const exits = new Map<ChildHandle, Promise<void>>()
  const plain = plainLauncher('/')
  await using sanitizer = await startInProcess({}, (stage, stdio) => {
    const handle = plain(stage, stdio)
    if (stage === 'inspector') {
      started.push(handle)
      exits.set(handle, new Promise((resolve) => handle.once('exit', () => resolve())))
    }
    return handle
  })
  const inspect = createInspect(sanitizer.socket)
  expect(await inspect(program, 'zip')).toEqual({ kind: 'zip', classes: ['archive', 'executable'], entries: 1 })
  expect(await inspect(buildOffice('word'), 'docx')).toMatchObject({ kind: 'docx' })
  expect(started).toHaveLength(2)
  for (const handle of started) {
    await exits.get(handle)
    expect(existsSync(`/proc/${handle.pid}`)).toBe(false)
  }
})

/** A child that says hello, and then does this with the number of the request it gets. */
function pretender(answer: string): ChildHandle {
  const script = `
    const frame = (b) => { const h = Buffer.alloc(4); h.writeUInt32BE(b.length); process.stdout.write(h); process.stdout.write(b) }
    frame(Buffer.from('{"sharp":"","libvips":"","accepted":{},"refused":{}}'))
    let all = Buffer.alloc(0)
    process.stdin.on('data', (c) => {
      all = Buffer.concat([all, c])
      if (all.length < 4 || all.length < 4 + all.readUInt32BE(0)) return
      const { nonce } = JSON.parse(all.subarray(4, 4 + all.readUInt32BE(0)))
      process.stdin.pause()
      ${answer}
    })`
  return spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
}

test('a file over which two children die is refused, and the next one is looked into', async () => {
  const plain = plainLauncher('/')
  let deaths = 0
  await using sanitizer = await startInProcess({}, (stage, stdio) => {
    if (stage !== 'inspector' || deaths === 2) return plain(stage, stdio)
    deaths += 1
    return pretender('process.abort()')
  })
  const inspect = createInspect(sanitizer.socket)
  expect(await inspect(program, 'zip')).toEqual({ kind: 'unknown', classes: ['unsafe-archive'], entries: 0 })
  expect(deaths).toBe(2)
  expect(await inspect(program, 'zip')).toMatchObject({ kind: 'zip' })
})

test('a child that says what no report says is not believed', async () => {
  const plain = plainLauncher('/')
  const lie = `
    const body = Buffer.from('{"kind":"zip","classes":["harmless"],"entries":0}')
    const head = Buffer.alloc(32)
    head.writeUInt32BE(nonce, 4)
    head.writeUInt32BE(body.length, 28)
    frame(head)
    frame(body)`
  await using sanitizer = await startInProcess({}, (stage, stdio) =>
    stage === 'inspector' ? pretender(lie) : plain(stage, stdio),
  )
  const report = await createInspect(sanitizer.socket)(program, 'zip')
  expect(report).toEqual({ kind: 'unknown', classes: ['unsafe-archive'], entries: 0 })
})

test('a file that is too large to be looked into is one that cannot be read', async () => {
  await using sanitizer = await startInProcess({ DRAWBRIDGE_SANITIZER_MAX_INSPECT: '1kb' })
  const report = await createInspect(sanitizer.socket)(Buffer.alloc(2_000), 'bin')
  expect(report).toEqual({ kind: 'unknown', classes: ['unreadable-archive'], entries: 0 })
})

test('what is no extension, and a sanitizer that is not there, are said', async () => {
  await using sanitizer = await startInProcess({})
  expect((await get(sanitizer.socket, '/inspect?extension=..%2Fx', { method: 'POST' })).status).toBe(400)
  expect((await get(sanitizer.socket, '/inspect')).status).toBe(405)
  await using nowhere = await temporarySocket()
  await expect(createInspect(nowhere.socket)(program, 'zip')).rejects.toThrow(SanitizerUnavailable)
})

test('in the strictest sandbox of this machine, every reader works', async () => {
  await using place = await temporarySocket()
  await using sanitizer = await startProcess(place.socket, { DRAWBRIDGE_SANITIZER_ALLOW_WEAK: 'true' })
  const inspect = createInspect(sanitizer.socket)
  const tar = buildTar([{ name: 'setup.exe', content: windowsProgram() }])
  expect((await inspect(gzipSync(tar), 'tgz')).classes).toEqual(['archive', 'executable'])
  expect((await inspect(zstdCompressSync(tar), 'zst')).classes).toEqual(['archive', 'executable'])
  expect((await inspect(buildZip([{ name: 'a.zip', content: program }]), 'zip')).classes).toContain('executable')
  expect((await inspect(Buffer.from('\ufeffGrüße\n', 'utf16le'), 'txt')).classes).toEqual(['text'])
  expect((await inspect(Buffer.from('%PDF-1.4\n'), 'pdf')).kind).toBe('pdf')
})
