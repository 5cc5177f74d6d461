import { randomBytes } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { buildCompound, buildOffice, buildTar, buildZip, windowsProgram } from '@drawbridge/testkit/files'
import { ordinaryPng } from '@drawbridge/testkit/images'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inspect, INSPECT_LIMITS } from './inspect.ts'

const exe = windowsProgram()
const seen = (bytes: Uint8Array | string, extension = '') => inspect(Buffer.from(bytes), extension)
const classesOf = (bytes: Uint8Array | string, extension = '') => seen(bytes, extension).classes

describe('what a file is, by its content', () => {
  const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01', 'latin1'), Buffer.alloc(58)])
  const cases: readonly [
    name: string,
    bytes: Uint8Array | string,
    extension: string,
    kind: string,
    classes: string[],
  ][] = [
    ['a text', 'Dear all,\nplease see below.\n', 'txt', 'text', ['text']],
    ['a table', 'a;b\n1;2\n', 'csv', 'text', ['text']],
    ['a text without an extension', 'MZ is how programs begin', '', 'text', ['text']],
    ['a program', exe, 'exe', 'pe', ['executable']],
    ['a library', elf, 'so', 'elf', ['executable']],
    ['a shortcut', Buffer.from('4c0000000114020000000000c000000000000046', 'hex'), 'lnk', 'shortcut', ['script']],
    ['a link to a site', '[InternetShortcut]\r\nURL=file://evil/x', 'url', 'script', ['text', 'script']],
    ['a shell script', '#!/bin/sh\nrm -rf /\n', '', 'script', ['text', 'script']],
    ['a batch file', 'del *.*\r\n', 'bat', 'text', ['text', 'script']],
    ['a page', '<!-- x --><!DOCTYPE html><script>1</script>', 'html', 'html', ['text', 'active-content']],
    ['a page in UTF-16', Buffer.from('\ufeff<html>', 'utf16le'), 'htm', 'html', ['text', 'active-content']],
    ['a document', '%PDF-1.7\n1 0 obj', 'pdf', 'pdf', ['document']],
    ['a document with code', '%PDF-1.7\n/OpenAction << /JavaScript', 'pdf', 'pdf', ['document', 'active-content']],
    ['a locked document', '%PDF-1.7\ntrailer /Encrypt 5 0 R', 'pdf', 'pdf', ['document', 'encrypted-archive']],
    ['rich text', '{\\rtf1 hello}', 'rtf', 'rtf', ['document']],
    ['rich text with an object', '{\\rtf1 {\\object\\objdata 0105}}', 'doc', 'rtf', ['document', 'macros']],
    ['an old document', buildCompound(['WordDocument']), 'doc', 'compound', ['document']],
    ['an old document with code', buildCompound(['WordDocument', 'Macros']), 'doc', 'compound', ['document', 'macros']],
    [
      'an encrypted document',
      buildCompound(['EncryptedPackage']),
      'docx',
      'compound',
      ['document', 'encrypted-archive', 'mismatch'],
    ],
    [
      'an installer',
      buildCompound(['x'], { clsid: '84100c0000000000c000000000000046' }),
      'msi',
      'msi',
      ['document', 'executable'],
    ],
    ['a letter', buildOffice('word'), 'docx', 'docx', ['document', 'text']],
    [
      'a letter with code',
      buildOffice('word', [{ name: 'word/vbaProject.bin', content: 'x' }]),
      'docm',
      'docm',
      ['macros', 'document', 'text'],
    ],
    [
      'a film',
      Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom0000isommp42')]),
      'mp4',
      'mp4',
      ['video'],
    ],
    [
      'a voice message',
      Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypM4A 0000')]),
      'm4a',
      'm4a',
      ['audio'],
    ],
    ['an unknown file', Buffer.from([1, 2, 3, 0, 0, 0, 9]), 'dat', 'unknown', ['other']],
    ['something encrypted', randomBytes(5_000), '', 'opaque', ['opaque']],
    ['something small and encrypted', randomBytes(300), '', 'opaque', ['opaque']],
    ['something encrypted and armored', '-----BEGIN PGP MESSAGE-----\n\nhQEMA', 'asc', 'encrypted', ['opaque']],
  ]

  test.each(cases)('%s', (_name, bytes, extension, kind, classes) => {
    const report = seen(bytes, extension)
    expect(report.kind).toBe(kind)
    expect([...report.classes].toSorted()).toEqual([...classes].toSorted())
  })

  test('random bytes look encrypted whatever their number, and what is compressed or written does not', () => {
    for (let length = 128; length < 200_000; length = Math.ceil(length * 1.7)) {
      expect(classesOf(randomBytes(length)), `${length} bytes`).toEqual(['opaque'])
    }
    const packed = gzipSync(Buffer.from(Array.from({ length: 20_000 }, (_, n) => `${n} ${n * n}\n`).join('')))
    expect(classesOf(packed.subarray(2))).not.toContain('audio')
    const table = Buffer.alloc(40_000)
    for (let n = 0; n < 10_000; n++) table.writeUInt32LE(n * 7, 4 * n)
    expect(classesOf(table)).toEqual(['other'])
  })
})

describe('UP-06 the name must agree with the content', () => {
  test.each([
    ['a program called a document', exe, 'pdf', ['executable', 'mismatch']],
    ['a page called a table', '<html>', 'csv', ['text', 'active-content', 'mismatch']],
    ['an archive called a text', buildZip([{ name: 'a.txt', content: 'x' }]), 'txt', ['archive', 'text', 'mismatch']],
    ['a text called a program', 'hello', 'exe', ['text', 'executable', 'mismatch']],
    [
      'a letter with code that hides it',
      buildOffice('word', [{ name: 'word/vbaProject.bin' }]),
      'docx',
      ['document', 'macros', 'mismatch', 'text'],
    ],
    ['something encrypted called a film', randomBytes(5_000), 'mp4', ['opaque', 'mismatch']],
    [
      'a document with an archive behind it',
      Buffer.concat([
        Buffer.from('%PDF-1.4\n'),
        buildZip([{ name: 'x.exe', content: exe }], { before: Buffer.from('%PDF-1.4\n') }).subarray(9),
      ]),
      'pdf',
      ['document', 'executable', 'mismatch'],
    ],
  ])('%s', (_name, bytes, extension, classes) => {
    expect([...classesOf(bytes, extension)].toSorted()).toEqual(classes.toSorted())
  })
})

describe('what is in an archive', () => {
  const inZip = (content: Uint8Array, name = 'x') =>
    buildZip([
      { name: 'a.txt', content: 'hello' },
      { name, content },
    ])

  test.each([
    ['a program', inZip(exe, 'readme.txt')],
    ['a program by its name', inZip(Buffer.from([1, 2, 3]), 'x.EXE. ')],
    ['a program in an archive in an archive', inZip(gzipSync(buildTar([{ name: 'x', content: exe }])))],
    ['a program in a tar', buildTar([{ name: 'x', content: exe }])],
    ['a program in a tar of old', buildTar([{ name: 'x', content: exe }], { isV7: true })],
    ['a program in zstd', zstdCompressSync(exe)],
    ['a Java program', buildZip([{ name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0' }])],
    ['an Android program', buildZip([{ name: 'AndroidManifest.xml', content: 'x' }, { name: 'classes.dex' }])],
  ])('%s is found', (_name, bytes) => {
    expect(classesOf(bytes)).toContain('executable')
  })

  test('images in archives and documents are named, and pages as pages', () => {
    expect(classesOf(inZip(ordinaryPng()), 'zip')).toEqual(['archive', 'text', 'image'])
    expect(classesOf(inZip(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')))).toContain('active-content')
  })

  test('a password is seen, in ZIP, RAR and 7z', () => {
    expect(classesOf(buildZip([{ name: 'a', content: 'x', isEncrypted: true }]))).toContain('encrypted-archive')
    expect(classesOf(SEVEN_ZIP)).toEqual(['archive', 'unreadable-archive'])
    expect(classesOf(SEVEN_ZIP_LOCKED)).toContain('encrypted-archive')
    expect(classesOf(rar5({ isLocked: false }), 'rar').toSorted()).toEqual([
      'archive',
      'executable',
      'unreadable-archive',
    ])
    expect(classesOf(rar5({ isLocked: true }), 'rar')).toContain('encrypted-archive')
    expect(classesOf(rar4({ isLocked: true }), 'rar')).toContain('encrypted-archive')
    expect(classesOf(rar4({ isLocked: false }), 'rar')).toContain('executable')
  })

  test('an archive of ordinary files is just that', () => {
    const bytes = buildZip([
      { name: 'docs/', isStored: true },
      { name: 'docs/a.txt', content: 'hello' },
    ])
    expect(seen(bytes, 'zip')).toEqual({ kind: 'zip', classes: ['archive', 'text'], entries: 2 })
  })
})

describe('archives that are made to hurt', () => {
  const zeros = Buffer.alloc(1_000_000)
  let nested: Buffer = buildZip([{ name: 'x', content: 'x' }])
  for (let depth = 0; depth < 4; depth++) nested = buildZip([{ name: 'x.zip', content: nested }])

  test.each<[string, Buffer]>([
    ['a name that leaves the folder', buildZip([{ name: '../../x', content: 'x' }])],
    ['a name that leaves the folder, with backslashes', buildZip([{ name: '..\\x', content: 'x' }])],
    ['a name from the root', buildZip([{ name: '/etc/passwd', content: 'x' }])],
    ['a name on a drive', buildZip([{ name: 'C:x', content: 'x' }])],
    ['a name with NUL', buildZip([{ name: 'a\0.txt', content: 'x' }])],
    ['a name that turns around', buildZip([{ name: 'photo\u202Egnp.exe', content: 'x' }])],
    ['a link that leaves the folder', buildZip([{ name: 'a', content: '/etc', isLink: true, isStored: true }])],
    ['a link in a tar', buildTar([{ name: 'a', type: '2', link: '../../etc' }])],
    ['another name in front than in the directory', buildZip([{ name: 'a', localName: 'b', content: 'x' }])],
    [
      'an entry that only streaming readers see',
      buildZip([
        { name: 'a', content: 'x' },
        { name: 'h', isHidden: true },
      ]),
    ],
    ['too many archives in one another', nested],
    ['a size that is a lie', buildZip([{ name: 'x', content: zeros, announcedBytes: 10 }])],
    ['a bomb by its directory', buildZip([{ name: 'x', content: zeros, announcedBytes: 2 ** 31 }])],
    ['a bomb in gzip', gzipSync(Buffer.alloc(300 * 1024 * 1024))],
    ['a directory that is cut off', buildZip([{ name: 'a', content: 'x' }]).subarray(0, -10)],
    [
      'a damaged tar',
      Buffer.concat([buildTar([{ name: 'a', content: 'x' }]).subarray(0, 1_024), Buffer.alloc(512, 0x41)]),
    ],
    [
      'more entries than anybody needs',
      buildZip(Array.from({ length: 10_001 }, (_, n) => ({ name: `${n}`, isStored: true }))),
    ],
  ])('%s', (_name, bytes) => {
    expect(classesOf(bytes)).toContain('unsafe-archive')
  })

  test('entries that share their bytes', () => {
    const one = buildZip([{ name: 'a', content: zeros }])
    const directoryAt = one.readUInt32LE(one.length - 6)
    const central = one.subarray(directoryAt, -22)
    const end = Buffer.from(one.subarray(-22))
    end.writeUInt16LE(2, 8)
    end.writeUInt16LE(2, 10)
    end.writeUInt32LE(2 * central.length, 12)
    expect(classesOf(Buffer.concat([one.subarray(0, directoryAt), central, central, end]))).toContain('unsafe-archive')
  })

  test('a chain of sectors that never ends', () => {
    const bytes = buildCompound(['WordDocument'])
    bytes.writeUInt32LE(1, 512 + 4)
    expect(classesOf(bytes)).toContain('unsafe-archive')
  })

  test('what is unpacked to look inside is bounded over all entries', () => {
    const inner = buildZip([{ name: 'x', content: zeros }])
    const outer = buildZip(Array.from({ length: 5 }, (_, n) => ({ name: `${n}.zip`, content: inner })))
    const limits = { ...INSPECT_LIMITS, maxUnpackedBytes: 3 * inner.length }
    expect(inspect(outer, 'zip', limits).classes).toContain('unsafe-archive')
    expect(inspect(outer, 'zip').classes).not.toContain('unsafe-archive')
  })

  test('whatever is changed in an archive, there is an answer', () => {
    const samples = [
      buildOffice('word', [{ name: 'word/media/image1.png', content: ordinaryPng() }]),
      buildTar([
        { name: 'x', content: exe },
        { name: 'y', type: '2', link: 'x' },
      ]),
      gzipSync(buildTar([{ name: 'x', content: exe }])),
      buildCompound(['WordDocument', 'Macros']),
      rar4({ isLocked: false }),
      rar5({ isLocked: false }),
      SEVEN_ZIP,
    ]
    const changed = fc.record({
      sample: fc.constantFrom(...samples),
      changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      cut: fc.nat(64),
    })
    fc.assert(
      fc.property(changed, ({ sample, changes, cut }) => {
        const bytes = Buffer.from(sample.subarray(0, sample.length - cut))
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const startedAt = performance.now()
        expect(inspect(bytes, 'zip').classes.length).toBeGreaterThan(0)
        expect(performance.now() - startedAt).toBeLessThan(1_000)
      }),
      { numRuns: 2_000, seed: 4 },
    )
  })
})

function rar4({ isLocked }: { readonly isLocked: boolean }): Buffer {
  const name = Buffer.from('x.exe')
  const main = Buffer.from([0, 0, 0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0])
  const file = Buffer.alloc(32)
  file[2] = 0x74
  file.writeUInt16LE(0x8000 | (isLocked ? 4 : 0), 3)
  file.writeUInt16LE(32 + name.length, 5)
  file.writeUInt32LE(3, 7)
  file.writeUInt32LE(3, 11)
  file.writeUInt16LE(name.length, 26)
  return Buffer.concat([Buffer.from('Rar!\x1a\x07\0', 'latin1'), main, file, name, Buffer.from('abc')])
}

function rar5({ isLocked }: { readonly isLocked: boolean }): Buffer {
  const block = (fields: readonly number[], rest = Buffer.alloc(0)) =>
    Buffer.concat([Buffer.from([0, 0, 0, 0, fields.length + rest.length, ...fields]), rest])
  const name = Buffer.from('x.exe')
  const blocks = isLocked
    ? [block([4, 0, 0, 0])]
    : [block([1, 0, 0]), block([2, 2, 3, 0, 3, 0, 0, 0, name.length], name)]
  return Buffer.concat([Buffer.from('Rar!\x1a\x07\x01\0', 'latin1'), ...blocks, Buffer.from('abc'), block([5, 0, 0])])
}

/** `echo hello > a.txt; 7z a x.7z a.txt`, without and with `-psecret -mhe=on`. */
const SEVEN_ZIP = Buffer.from(
  'N3q8ryccAARs2b1HCgAAAAAAAABSAAAAAAAAAI8EDKQBAAVoZWxsbwoAAQQGAAEJCgAHCwEAASEhAQAMBgAICgEgMDo2AAAFARkMAAAAAAAAAAAAAAAAEQ0AYQAuAHQAeAB0AAAAFAoBAI2NrDBJe90BFQYBACCApIEAAA==',
  'base64',
)
const SEVEN_ZIP_LOCKED = Buffer.from(
  'N3q8ryccAATaeX1igAAAAAAAAAAuAAAAAAAAAAa4GMCNxP0vqvU0jo5vURmgzrFHg08BKGFLgFivvC4M79h7o8fdBTDQYr3F95aH4w6Ko/6fSwWEO1P/ZPG+ac84mQiN+nOCsYPKUYo2ctxyIJ3GAkTrYgQLSeGVq43gz5kFcR+P8XcXEc6veo88heekEjs/tZPpzrJQ/LbQmfjoCxhfBhcGEAEJcAAHCwEAASQG8QcBElMPT30k6U7ASHBw08SWCC4digxiCgGh9G1NAAA=',
  'base64',
)
