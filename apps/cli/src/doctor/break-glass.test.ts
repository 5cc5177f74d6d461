import { expect, test } from 'vitest'
import { judgeBreakGlass } from './break-glass.ts'

const account = (name: string, more = {}) => ({ name, isDisabled: false, hasSecondFactor: true, ...more })

test('two break-glass accounts with second factors are enough', () => {
  expect(judgeBreakGlass([account('alice'), account('bob')])).toMatchObject({ level: 'ok', detail: 'alice, bob' })
})

test('one alone, one that is disabled, and one without a second factor are worth a warning', () => {
  expect(judgeBreakGlass([account('alice')])).toMatchObject({ level: 'warn' })
  expect(judgeBreakGlass([account('alice'), account('bob', { isDisabled: true })]).detail).toMatch(/^1 of at least 2/u)
  expect(judgeBreakGlass([account('alice'), account('bob', { hasSecondFactor: false })])).toMatchObject({
    level: 'warn',
    detail: 'without a second factor: bob',
  })
})
