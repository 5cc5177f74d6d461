import { describe, expect, test } from 'vitest'
import { buildProgram, syscallNumber } from './bpf.ts'
import { START_FILTER, workFilter } from './filters.ts'
import type { SyscallName } from './filters.ts'
import { SYSCALL_NUMBERS } from './syscall-numbers.ts'

const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7, ia32: 0x40000003 } as const
const RESULTS = new Map([
  [0x7fff0000, 'allow'],
  [0x00050001, 'EPERM'],
  [0x00050026, 'ENOSYS'],
  [0x80000000, 'kill'],
])

interface Call {
  readonly arch?: keyof typeof AUDIT_ARCH
  readonly number: number
  readonly args?: readonly number[]
}

/** What the kernel does with a program: classic BPF over `struct seccomp_data`. */
function run(program: Buffer, { arch = 'x64', number, args = [] }: Call): string {
  const seccompData = Buffer.alloc(64)
  seccompData.writeUInt32LE(number, 0)
  seccompData.writeUInt32LE(AUDIT_ARCH[arch], 4)
  args.forEach((value, index) => seccompData.writeBigUInt64LE(BigInt(value), 16 + 8 * index))
  let accumulator = 0
  for (let at = 0; at < program.length; at += 8) {
    const [jt, jf] = [program.readUInt8(at + 2), program.readUInt8(at + 3)]
    const k = program.readUInt32LE(at + 4)
    const jump = (isTaken: boolean) => void (at += 8 * (isTaken ? jt : jf))
    const step: Readonly<Record<number, () => string | void>> = {
      0x20: () => void (accumulator = seccompData.readUInt32LE(k)),
      0x54: () => void (accumulator = (accumulator & k) >>> 0),
      0x15: () => jump(accumulator === k),
      0x35: () => jump(accumulator >= k),
      0x06: () => RESULTS.get(k) ?? `unknown ${k}`,
    }
    const result = step[program.readUInt16LE(at)]?.()
    if (typeof result === 'string') return result
  }
  return 'ran off the end'
}

describe.each(['x64', 'arm64'] as const)('the filter of a warm child on %s', (arch) => {
  const PID = 4_711
  const program = buildProgram(workFilter(PID), arch)
  const verdict = (name: SyscallName, ...args: number[]) =>
    run(program, { arch, number: syscallNumber(name, arch), args })

  test('lets it read, compute and write', () => {
    for (const name of ['read', 'write', 'mmap', 'futex', 'exit_group', 'ppoll'] as const)
      expect([name, verdict(name)]).toEqual([name, 'allow'])
  })

  test('denies files, sockets, programs, and other processes', () => {
    const denied = ['openat', 'socket', 'execve', 'kill', 'ptrace', 'process_vm_readv', 'seccomp'] as const
    for (const name of denied) expect([name, verdict(name)]).toEqual([name, 'EPERM'])
  })

  test('denies every call that nobody named', () => {
    const names = Object.keys(workFilter(PID).verdicts) as SyscallName[]
    const named = new Set(names.map((name) => SYSCALL_NUMBERS[arch]?.[name]))
    for (let number = 0; number < 512; number++)
      if (!named.has(number)) expect([number, run(program, { arch, number })]).toEqual([number, 'EPERM'])
  })

  test('lets it start threads, not processes', () => {
    const pthread = 0x3d0f00
    const SIGCHLD = 17
    expect([verdict('clone', pthread), verdict('clone', SIGCHLD), verdict('clone3')]).toEqual([
      'allow',
      'EPERM',
      'ENOSYS',
    ])
  })

  test('lets it signal its own threads only, and name them only', () => {
    const PR_SET_NAME = 15
    const PR_SET_PDEATHSIG = 1
    expect([verdict('tgkill', PID, 5, 6), verdict('tgkill', 1, 1, 9)]).toEqual(['allow', 'EPERM'])
    expect([verdict('prctl', PR_SET_NAME), verdict('prctl', PR_SET_PDEATHSIG)]).toEqual(['allow', 'EPERM'])
  })

  test('ends a process that calls through the entry of another architecture', () => {
    expect(run(program, { arch: 'ia32', number: syscallNumber('read', arch) })).toBe('kill')
    expect(run(program, { arch, number: syscallNumber('read', arch) + 0x40000000 })).toBe('kill')
  })
})

test('before Node starts, only rings are missing', () => {
  const program = buildProgram(START_FILTER, 'x64')
  expect(run(program, { number: syscallNumber('io_uring_setup', 'x64') })).toBe('ENOSYS')
  expect(run(program, { number: syscallNumber('execve', 'x64') })).toBe('allow')
})

test('there is no filter for an architecture without a table', () => {
  expect(() => buildProgram(START_FILTER, 'riscv64')).toThrow('riscv64')
})
