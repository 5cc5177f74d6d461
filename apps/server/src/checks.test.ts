import { expect, test } from 'vitest'
import { createChecks } from './checks.ts'

test('a receiver of events that nobody answers for is said to be away, and what works is told all the same', async () => {
  const parts = {
    database: { pool: { query: () => Promise.resolve() } as never },
    writer: { isConnected: true },
    antivirus: undefined,
    eventSinks: { checks: () => new Promise(() => undefined) } as never,
  }
  const checks = createChecks(parts, 20)
  expect(await checks.list()).toEqual([
    { name: 'database', isOk: true },
    { name: 'archive', isOk: true },
    { name: 'event sinks', isOk: false, detail: expect.stringContaining('no answer') },
  ])
})
