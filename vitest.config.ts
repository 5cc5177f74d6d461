import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const NEVER = ['**/node_modules/**', '**/dist/**']

/**
 * Two workers on two cores leave a third of them idle: much of a story is waiting for PostgreSQL or a child. Files in one
 * worker share the modules they import: nothing that a file does to the process may outlive it. To read the server anew
 * for each of two hundred files took as long as all they test.
 */
const SHARED = { isolate: false, maxWorkers: availableParallelism() + 1 } as const

/**
 * Three heights of test. unit: boots nothing. story: the real router with a real PostgreSQL, a copy of a migrated
 * template. e2e: every process, real sockets, browsers. interop: clients that were made without us. A time-out is for what
 * hangs: it leaves room for a machine that does much else.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...SHARED,
          name: 'unit',
          include: ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'apps/**/*.test.tsx', 'infra/**/*.test.ts'],
          exclude: [...NEVER, '**/*.story.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...SHARED,
          name: 'story',
          include: ['packages/**/*.story.test.ts', 'apps/**/*.story.test.ts'],
          exclude: NEVER,
          globalSetup: 'packages/testkit/src/postgres-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: [...NEVER, 'e2e/interop/**'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // A browser on a busy machine may take a second for one answer.
          expect: { poll: { timeout: 10_000 } },
          // Each file boots every process; two cores do not carry two of them at once.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['e2e/interop/**/*.test.ts'],
          exclude: NEVER,
          // One product for all foreign clients, which take turns.
          globalSetup: 'e2e/interop/setup.ts',
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
