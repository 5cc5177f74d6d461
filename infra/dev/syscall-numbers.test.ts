import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SYSCALL_NUMBERS } from '../../apps/sanitizer/src/sandbox/syscall-numbers.ts'
import { HEADERS, tableOf } from './syscall-numbers.ts'

const installed = Object.entries(HEADERS).filter(([, path]) => existsSync(path))

test.skipIf(installed.length === 0).each(installed)(
  'the numbers of system calls on %s are those of the kernel headers that are installed here',
  (arch, path) => {
    expect(SYSCALL_NUMBERS[arch]).toEqual(tableOf(readFileSync(path, 'utf8')))
  },
)

test('a generic header gives the numbers of 64-bit machines', () => {
  const header = [
    '#define __NR_read 63',
    '#define __NR3264_mmap 222',
    '#if __BITS_PER_LONG == 64',
    '#define __NR_mmap __NR3264_mmap',
    '#else',
    '#define __NR_mmap2 __NR3264_mmap',
    '#endif',
  ].join('\n')
  expect(tableOf(header)).toEqual({ mmap: 222, read: 63 })
})
