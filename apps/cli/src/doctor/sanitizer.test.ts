import type { SanitizerStatus } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { judgeSanitizer } from './sanitizer.ts'

const ON_B: SanitizerStatus = {
  status: 'ok',
  versions: { node: '24.21.0', sharp: '0.35.5', libvips: '8.18.7' },
  sandbox: {
    level: 'B',
    isWeak: false,
    skipped: [{ level: 'A', why: 'bubblewrap is not installed' }],
    denied: ['read', 'write', 'connect', 'spawn', 'signal', 'ptrace'],
    possible: [],
    kernel: '6.12.9',
    landlockAbi: 6,
    seccomp: 'x64',
    limits: { nofile: 32, core: 0 },
    isNodePie: false,
  },
  selfTest: { accepted: { jpeg: true, png: true }, refused: { svg: true, tiff: true } },
}

test('doctor says which sandbox holds image decoders, why not a stronger one, and what it denies', () => {
  expect(judgeSanitizer(ON_B)).toEqual({
    name: 'sanitizer',
    level: 'ok',
    detail: 'sandbox B (A: bubblewrap is not installed), kernel 6.12.9, Landlock ABI 6, seccomp x64',
    more: {
      denied: 'read write connect spawn signal ptrace: 6/6, main and pool threads',
      formats: 'jpeg png: 2/2 accepted, 2/2 others refused',
      limits: 'nofile 32  core 0',
      versions: 'node 24.21.0  sharp 0.35.5  libvips 8.18.7  (Node is not PIE)',
    },
  })
})

test('what a level cannot deny is named', () => {
  const sandbox = { ...ON_B.sandbox, level: 'C' as const, denied: ['read' as const], possible: ['connect' as const] }
  expect(judgeSanitizer({ ...ON_B, sandbox }).more).toMatchObject({
    denied: 'read: 1/2, main and pool threads',
    possible: 'connect: level C does not deny it',
  })
})

test('no sandbox is a warning that stays', () => {
  const sandbox = { ...ON_B.sandbox, level: 'D' as const, isWeak: true }
  expect(judgeSanitizer({ ...ON_B, sandbox })).toMatchObject({
    level: 'warn',
    detail: expect.stringContaining('sandbox D, which holds no hostile decoder') as unknown,
  })
})
