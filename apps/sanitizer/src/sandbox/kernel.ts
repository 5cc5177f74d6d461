import { existsSync, statSync } from 'node:fs'
import koffi, { type KoffiFunc } from 'koffi'
import { buildProgram, syscallNumber } from './bpf.ts'
import type { Filter, SyscallName } from './filters.ts'

/**
 * The system calls of the sandbox, by foreign function call: Node has none of them. To be imported only where level A
 * or B is wanted, since it loads native code.
 */

/** What a system call takes: a number, a text, or a pointer to a structure. */
type Argument = number | string | Buffer | null
type Syscall = KoffiFunc<(...args: unknown[]) => number>

const libc = koffi.load(null)
/** `syscall(2)` by the kinds of its arguments. */
const shapes = new Map<string, Syscall>()

function shapeFor(args: readonly Argument[]): Syscall {
  const types = args.map((value) => (typeof value === 'number' ? 'long' : typeof value === 'string' ? 'str' : 'void *'))
  const key = types.join()
  const known = shapes.get(key)
  if (known !== undefined) return known
  const made = libc.func('syscall', 'long', ['long', ...types]) as Syscall
  shapes.set(key, made)
  return made
}

/** What a call came to: its result, or the negative error number. */
function invoke(name: SyscallName, ...args: readonly Argument[]): number {
  const result = shapeFor(args)(syscallNumber(name), ...args)
  return result < 0 ? -koffi.errno() : result
}

/** The same on a thread of libuv's pool, where image codecs run. */
function invokeOnPool(name: SyscallName, ...args: readonly Argument[]): Promise<number> {
  return new Promise((resolve) => {
    shapeFor(args).async(syscallNumber(name), ...args, (_error, result) =>
      resolve(result < 0 ? -koffi.errno() : result),
    )
  })
}

function must(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: error ${-result} of the kernel`)
  return result
}

const PR_SET_PDEATHSIG = 1
const PR_SET_NO_NEW_PRIVS = 38
const SIGKILL = 9
const SECCOMP_SET_MODE_FILTER = 1
const SECCOMP_FILTER_FLAG_TSYNC = 1

/** From here on no program can give this process rights that it does not have. */
export function setNoNewPrivileges(): void {
  must('no_new_privs', invoke('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

/** The kernel kills this process when its parent dies. A change of user clears it: call it afterwards. */
export function dieWithParent(): void {
  must('parent death signal', invoke('prctl', PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
}

/** Installs a seccomp filter on every thread of this process. It cannot be taken off again. */
export function installFilter(filter: Filter): void {
  const program = buildProgram(filter)
  // struct sock_fprog { u16 len; struct sock_filter *filter; }
  const header = Buffer.alloc(16)
  header.writeUInt16LE(program.length / 8, 0)
  header.writeBigUInt64LE(BigInt(koffi.address(program)), 8)
  const thread = must('seccomp', invoke('seccomp', SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, header))
  if (thread !== 0) throw new Error(`seccomp: thread ${thread} could not be synchronized`)
}

const LANDLOCK_CREATE_RULESET_VERSION = 1
const LANDLOCK_RULE_PATH_BENEATH = 1
const READ_FILE = 1n << 2n
const READ_DIR = 1n << 3n
const AT_FDCWD = -100
const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000

/** What each version of Landlock knows: how many rights on files and on TCP, how many scopes, and its structure's size. */
const LANDLOCK = [
  { since: 6, files: 16n, tcp: 2n, scopes: 2n, bytes: 24 },
  { since: 5, files: 16n, tcp: 2n, scopes: 0n, bytes: 16 },
  { since: 4, files: 15n, tcp: 2n, scopes: 0n, bytes: 16 },
  { since: 3, files: 15n, tcp: 0n, scopes: 0n, bytes: 8 },
  { since: 2, files: 14n, tcp: 0n, scopes: 0n, bytes: 8 },
  { since: 1, files: 13n, tcp: 0n, scopes: 0n, bytes: 8 },
] as const

/** Version of Landlock's interface, 0 without it (`landlock(7)`). */
export function landlockAbi(): number {
  return Math.max(0, invoke('landlock_create_ruleset', null, 0, LANDLOCK_CREATE_RULESET_VERSION))
}

/**
 * Landlock for this thread and those that it starts from now on: no file but `readable` ones, no TCP. With `isFinal`
 * also no signals and no abstract sockets to the outside; not earlier, because older kernels count threads that are
 * there already as outside, and libc signals them to change the user.
 *
 * Does nothing where the kernel has no Landlock: it is the second fence, and seccomp denies the same calls.
 */
export function restrictFiles(readable: readonly string[], { isFinal }: { readonly isFinal: boolean }): void {
  const abi = landlockAbi()
  const known = LANDLOCK.find(({ since }) => abi >= since)
  if (known === undefined) return
  const attributes = Buffer.alloc(24)
  const all = (count: bigint) => (1n << count) - 1n
  attributes.writeBigUInt64LE(all(known.files), 0)
  attributes.writeBigUInt64LE(all(known.tcp), 8)
  attributes.writeBigUInt64LE(isFinal ? all(known.scopes) : 0n, 16)
  const ruleset = must('Landlock rules', invoke('landlock_create_ruleset', attributes, known.bytes, 0))
  for (const path of readable) if (existsSync(path)) allowReading(ruleset, path)
  must('Landlock', invoke('landlock_restrict_self', ruleset, 0))
  invoke('close', ruleset)
}

function allowReading(ruleset: number, path: string): void {
  const descriptor = must(`opening ${path}`, invoke('openat', AT_FDCWD, path, O_PATH | O_CLOEXEC, 0))
  // struct landlock_path_beneath_attr { u64 allowed_access; s32 parent_fd; } without padding
  const rule = Buffer.alloc(12)
  rule.writeBigUInt64LE(statSync(path).isDirectory() ? READ_FILE | READ_DIR : READ_FILE, 0)
  rule.writeInt32LE(descriptor, 8)
  must(`Landlock for ${path}`, invoke('landlock_add_rule', ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0))
  invoke('close', descriptor)
}

/** A system call that a child tries: `[name, ...arguments]`. */
export type RawCall = readonly [SyscallName, ...Argument[]]

/**
 * Makes a call as code in a taken-over codec would, on both kinds of threads.
 *
 * @returns results, or negative error numbers.
 */
export async function attempt([name, ...args]: RawCall): Promise<{ readonly main: number; readonly pool: number }> {
  return { main: invoke(name, ...args), pool: await invokeOnPool(name, ...args) }
}
