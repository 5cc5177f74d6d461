/**
 * What the two seccomp filters say, as data. `bpf.ts` makes programs of them; `syscall-numbers.ts` has the numbers.
 */

/** A call may pass, fails with an error, or passes only when the low 32 bits of one argument are right. */
export type SyscallVerdict =
  | 'allow'
  | 'ENOSYS'
  | { readonly argument: number; readonly mask: number; readonly equals: number }

export interface Filter {
  readonly verdicts: Readonly<Record<string, SyscallVerdict>>
  /** For every call that is not named. */
  readonly otherwise: 'allow' | 'EPERM'
}

const CLONE_THREAD = 0x1_0000
const PR_SET_NAME = 15
const ALL_BITS = 0xffff_ffff

/**
 * Before Node starts: no io_uring. Rings made at the start would do later what seccomp denies, and Node, which makes
 * some for epoll, aborts when `io_uring_enter` is denied afterwards. With ENOSYS it does without.
 */
export const START_FILTER: Filter = { verdicts: { io_uring_setup: 'ENOSYS' }, otherwise: 'allow' }

/** What a warm child needs to read a request, compute, and write an answer. */
const WORK_CALLS = [
  ...['read', 'write', 'readv', 'writev', 'close', 'fstat', 'lseek', 'fcntl', 'fsync', 'fdatasync'],
  ...['mmap', 'munmap', 'mprotect', 'mremap', 'madvise', 'brk', 'membarrier'],
  ...['futex', 'set_robust_list', 'rseq', 'set_tid_address', 'restart_syscall'],
  ...['rt_sigaction', 'rt_sigprocmask', 'rt_sigreturn', 'sigaltstack'],
  ...['sched_yield', 'sched_getaffinity', 'sched_setscheduler', 'getpid', 'gettid', 'getrusage', 'sysinfo'],
  ...['clock_gettime', 'clock_nanosleep', 'nanosleep', 'gettimeofday', 'getrandom'],
  ...['epoll_wait', 'epoll_pwait', 'epoll_ctl', 'eventfd2', 'poll', 'ppoll'],
  ...['getsockopt', 'getsockname', 'shutdown', 'exit', 'exit_group'],
] as const

/** Calls that have a rule of their own. */
const RULED_CALLS = ['clone', 'clone3', 'tgkill', 'prctl', 'io_uring_setup'] as const

/** Calls that only the sandbox itself makes: to build the fence, and to try it. */
const OWN_CALLS = [
  ...['seccomp', 'landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'],
  ...['openat', 'socket', 'execve', 'kill', 'ptrace', 'process_vm_readv'],
] as const

export type SyscallName = (typeof WORK_CALLS)[number] | (typeof RULED_CALLS)[number] | (typeof OWN_CALLS)[number]

export const SYSCALL_NAMES: readonly SyscallName[] = [...WORK_CALLS, ...RULED_CALLS, ...OWN_CALLS]

/** For a warm child, before the first byte of a sender. `pid` is its own, as it sees it. */
export function workFilter(pid: number): Filter {
  return {
    verdicts: {
      ...Object.fromEntries(WORK_CALLS.map((name) => [name, 'allow'])),
      // Threads only. The flags of clone3 are behind a pointer, which seccomp cannot follow; libc falls back to clone.
      clone: { argument: 0, mask: CLONE_THREAD, equals: CLONE_THREAD },
      clone3: 'ENOSYS',
      tgkill: { argument: 0, mask: ALL_BITS, equals: pid },
      prctl: { argument: 0, mask: ALL_BITS, equals: PR_SET_NAME },
    },
    otherwise: 'EPERM',
  }
}
