import { describeMetrics } from '@drawbridge/runtime'
import { existsSync, globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { QUEUES } from './queues.ts'

const SRC = fileURLToPath(new URL('.', import.meta.url))

test('OV-01 every queue has a place, a maximum, and a metric that shows it', async () => {
  for (const path of globSync('**/{events,metrics}.ts', { cwd: SRC })) await import(`${SRC}${path}`)
  const metrics = new Set(describeMetrics().map(({ name }) => name))
  expect(QUEUES.filter(({ where }) => !existsSync(`${SRC}${where}`))).toEqual([])
  expect(QUEUES.filter(({ metric }) => !metrics.has(metric))).toEqual([])
  expect(QUEUES.filter(({ max, beyond }) => max === '' || beyond === '' || /undefined|NaN/.test(max))).toEqual([])
})
