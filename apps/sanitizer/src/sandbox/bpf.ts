import type { Filter, SyscallName, SyscallVerdict } from './filters.ts'
import { SYSCALL_NUMBERS } from './syscall-numbers.ts'

/**
 * Seccomp programs (`seccomp(2)`, classic BPF): arrays of `struct sock_filter { u16 code; u8 jt; u8 jf; u32 k }`.
 */

type Instruction = readonly [code: number, jt: number, jf: number, k: number]

const LOAD = 0x20 // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54 // BPF_ALU | BPF_AND | BPF_K
const IF_EQUAL = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
const IF_AT_LEAST = 0x35 // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06 // BPF_RET | BPF_K

const KILL_PROCESS = 0x8000_0000
const ALLOW = 0x7fff_0000
const ERRNO = 0x0005_0000
const RESULTS = { allow: ALLOW, EPERM: ERRNO | 1, ENOSYS: ERRNO | 38 } as const

/** `AUDIT_ARCH_…` of `linux/audit.h`. */
const AUDIT_ARCH: Readonly<Record<string, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 }

/** Offsets in `struct seccomp_data`. Both architectures are little-endian: the low half of an argument comes first. */
const NUMBER_AT = 0
const ARCH_AT = 4
const argumentAt = (index: number) => 16 + 8 * index

/** From here on x86-64 numbers are those of the x32 interface. */
const X32_BIT = 0x4000_0000

/** The architectures for which there is a table. */
export function isSupportedArch(arch: string): boolean {
  return arch in AUDIT_ARCH
}

/** The number of a system call here. @throws where there is none. */
export function syscallNumber(name: SyscallName, arch: string = process.arch): number {
  const number = SYSCALL_NUMBERS[arch]?.[name]
  if (number === undefined) throw new Error(`no number of ${name} is known on ${arch}`)
  return number
}

/**
 * The program of a filter. A call made through another architecture's entry kills the process: its numbers mean other
 * calls.
 */
export function buildProgram(filter: Filter, arch: string = process.arch): Buffer {
  const auditArch = AUDIT_ARCH[arch]
  const numbers = SYSCALL_NUMBERS[arch]
  if (auditArch === undefined || numbers === undefined) throw new Error(`no system calls are known on ${arch}`)
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCH_AT],
    [IF_EQUAL, 1, 0, auditArch],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_AT],
    [IF_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, KILL_PROCESS],
  ]
  for (const [name, verdict] of Object.entries(filter.verdicts)) {
    // Some calls do not exist everywhere: arm64 has no poll, only ppoll.
    const number = numbers[name as SyscallName]
    if (number === undefined) continue
    const body = instructionsFor(verdict)
    program.push([IF_EQUAL, 0, body.length, number], ...body)
  }
  program.push([RETURN, 0, 0, RESULTS[filter.otherwise]])
  return assemble(program)
}

/** What happens once the number is known; every way returns, so the number need not be loaded again. */
function instructionsFor(verdict: SyscallVerdict): Instruction[] {
  if (typeof verdict === 'string') return [[RETURN, 0, 0, RESULTS[verdict]]]
  return [
    [LOAD, 0, 0, argumentAt(verdict.argument)],
    [AND, 0, 0, verdict.mask],
    [IF_EQUAL, 0, 1, verdict.equals],
    [RETURN, 0, 0, RESULTS.allow],
    [RETURN, 0, 0, RESULTS.EPERM],
  ]
}

function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length)
  program.forEach(([code, jt, jf, k], index) => {
    bytes.writeUInt16LE(code, 8 * index)
    bytes.writeUInt8(jt, 8 * index + 2)
    bytes.writeUInt8(jf, 8 * index + 3)
    bytes.writeUInt32LE(k, 8 * index + 4)
  })
  return bytes
}
