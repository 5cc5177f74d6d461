import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SYSCALL_NAMES } from '../../apps/sanitizer/src/sandbox/filters.ts'

/**
 * Writes the numbers of the system calls that the sanitizer's filters name, from the kernel's own headers. Run by hand
 * where `linux-libc-dev` is installed, when a filter gets a new name; a test compares the result with those headers.
 */

/** x86-64 has a table of its own; arm64 is the kernel's generic one. */
export const HEADERS = {
  x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
} as const

const TARGET = fileURLToPath(new URL('../../apps/sanitizer/src/sandbox/syscall-numbers.ts', import.meta.url))

/** Numbers by name. The generic table writes some as `#define __NR_mmap __NR3264_mmap`. */
export function numbersIn(header: string): Map<string, number> {
  const values = new Map<string, string>()
  // The generic header ends with the same names for 32-bit machines: the first, 64-bit, definition counts.
  for (const [, name = '', value = ''] of header.matchAll(/^#define (__NR(?:3264)?_\w+) (\w+)/gm))
    if (!values.has(name)) values.set(name, value)
  const resolve = (value: string): number => {
    const next = values.get(value)
    return next === undefined ? Number(value) : resolve(next)
  }
  return new Map([...values].map(([name, value]) => [name.replace(/^__NR(3264)?_/, ''), resolve(value)]))
}

/** One architecture's lines: only the names that are used, and only those that it has. */
export function tableOf(header: string): Record<string, number> {
  const numbers = numbersIn(header)
  return Object.fromEntries(
    [...SYSCALL_NAMES].sort().flatMap((name) => {
      const number = numbers.get(name)
      return number === undefined || Number.isNaN(number) ? [] : [[name, number]]
    }),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tables = Object.entries(HEADERS).map(([arch, path]) => {
    const lines = Object.entries(tableOf(readFileSync(path, 'utf8'))).map(
      ([name, number]) => `    ${name}: ${number},\n`,
    )
    return `  ${arch}: {\n${lines.join('')}  },\n`
  })
  const doc =
    '/** System call numbers per architecture, from the kernel headers by `infra/dev/syscall-numbers.ts`. */\n'
  const type = 'Readonly<Record<string, Readonly<Partial<Record<SyscallName, number>>>>>'
  writeFileSync(
    TARGET,
    `import type { SyscallName } from './filters.ts'\n\n${doc}export const SYSCALL_NUMBERS: ${type} = {\n${tables.join('')}}\n`,
  )
}
