/** What a decoder that an attacker has taken over tries, and on what. */
export const ATTACKS = [
  'read /etc/passwd',
  'read the quarantine',
  'read the environment of its parent',
  'write a file',
  'connect over TCP',
  'connect to the socket of the sanitizer',
  'connect to the socket of PostgreSQL',
  'start a process',
  'run a program',
  'trace its parent',
  'signal its parent',
  'make namespaces',
  'use io_uring',
  'open a thousand files',
  'take 10 GiB of memory',
] as const
export type Attack = (typeof ATTACKS)[number]

/** Things that really are there, and that nothing but the sandbox keeps from it. */
export interface Targets {
  readonly secretFile: string
  readonly openDir: string
  readonly port: number
  readonly sanitizerSocket: string
  readonly postgresSocket: string
  readonly parentPid: number
}

export interface AttackRequest {
  readonly attack: Attack
  readonly thread: 'main' | 'pool'
  readonly targets: Targets
}

/** `possible`, or the error with which it ended. */
export type AttackResult = string

/** Instead of a request: take memory until somebody stops it. */
export const GREED = 'eat'
