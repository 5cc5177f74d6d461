import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parse, parseInstant } from './arguments.ts'
import { COMMANDS } from './commands/index.ts'
import { commandsUnder, findCommand, helpForAll } from './help.ts'

const NOW = new Date('2026-11-23T04:00:00Z')

test('a time is written as an instant or from now', () => {
  expect(parseInstant('2h', NOW)).toBe('2026-11-23T06:00:00.000Z')
  expect(parseInstant('30s', NOW)).toBe('2026-11-23T04:00:30.000Z')
  expect(parseInstant('15m', NOW)).toBe('2026-11-23T04:15:00.000Z')
  expect(parseInstant('2026-11-23T18:00:00+01:00', NOW)).toBe('2026-11-23T17:00:00.000Z')
})

test.each(['soon', '2020-01-01', '2027-02-30T10:00', '-5m', '999999d', '2999-01-01'])(
  'the time "%s" is refused',
  (written) => expect(() => parseInstant(written, NOW)).toThrow(written),
)

test('a day, and a time without a zone, are those of where they are written', () => {
  const program = `import { parseInstant } from '${new URL('arguments.ts', import.meta.url).href}'
    const now = new Date('2026-11-23T04:00:00Z')
    for (const text of ['2027-03-28', '2027-03-28T00:00', '2027-03-28 02:30', '2027-03-28T02:30Z'])
      try { console.log(parseInstant(text, now)) } catch (error) { console.log(error.message) }`
  const env = { ...process.env, TZ: 'Europe/Berlin' }
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env })
  expect(stdout.trim().split('\n')).toEqual([
    '2027-03-27T23:00:00.000Z',
    '2027-03-27T23:00:00.000Z',
    '"2027-03-28 02:30" does not exist here: clocks go forward over it.',
    '2027-03-28T02:30:00.000Z',
  ])
})

test('a value that begins with a hyphen is named, and how to write it', () => {
  expect(() => parse(['--deadline', '-5m'], [], { deadline: { type: 'string' } })).toThrow(
    '"-5m" after --deadline begins with a hyphen; write --deadline=-5m if it is meant so.',
  )
})

test('missing and surplus words are usage errors', () => {
  expect(() => parse([], ['NAME'], {})).toThrow('NAME is missing.')
  expect(() => parse(['alice', 'bob'], ['NAME'], {})).toThrow('"bob" is one argument too many.')
})

test('the longest name wins and the rest are arguments', () => {
  expect(findCommand(COMMANDS, ['account', 'add', 'alice', '--admin'])).toMatchObject({
    command: { name: 'account add' },
    args: ['alice', '--admin'],
  })
  expect(findCommand(COMMANDS, ['accounts'])).toBeUndefined()
})

test('help for the first word of commands is about those', () => {
  const names = (...words: string[]) => commandsUnder(COMMANDS, words).map(({ name }) => name)
  expect(names('policy')).toEqual(expect.arrayContaining(['policy export', 'policy apply']))
  expect(names('policy').every((name) => name.startsWith('policy '))).toBe(true)
  expect(names('nonsense')).toHaveLength(COMMANDS.length)
  expect(names()).toHaveLength(COMMANDS.length)
})

test('every command is in the help, under a name of its own', () => {
  const help = helpForAll(COMMANDS)
  for (const { name, summary } of COMMANDS) expect([help.includes(name), help.includes(summary)]).toEqual([true, true])
  expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
})
