import { expect, test } from 'vitest'
import { checkFloors, judge, meetsFloor } from './floors.ts'

test('WK-07 a release below the floor of its line is a warning', () => {
  expect(judge('ws', '8.21.0')).toMatchObject({ level: 'warn' })
  expect(judge('ws', '8.23.0')).toMatchObject({ level: 'ok', detail: '8.23.0' })
})

test.each([
  ['node', '20.20.2', false],
  ['node', '22.23.4', true],
  ['node', '24.21.0', false],
  ['node', '24.22.1', true],
  ['node', '25.9.0', false],
  ['node', '26.12.1', true],
  ['node', '28.0.0', true],
  ['redis', '7.2.15', false],
  ['redis', '7.4.11', true],
  ['redis', '8.0.5', false],
  ['valkey', '8.1.9', true],
  ['valkey', '9.0.0', true],
] as const)('WK-07 %s %s meets its floor: %s', (component, version, expected) =>
  expect(meetsFloor(component, version)).toBe(expected),
)

test('WK-07 what is not installed fails', () => {
  expect(checkFloors('/nowhere').filter(({ level }) => level === 'fail')).toHaveLength(2)
})
