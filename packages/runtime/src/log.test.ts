import { expect, test } from 'vitest'
import { createLog } from './log.ts'

function recording(options: { level?: 'debug' | 'info'; pretty?: boolean } = {}) {
  const lines: string[] = []
  const log = createLog({
    pretty: false,
    ...options,
    write: (line) => void lines.push(line),
    now: () => new Date('2026-11-23T04:00:00Z'),
  })
  return { log, lines }
}

test('an event is one JSON line with the fields of its log and its own', () => {
  const { log, lines } = recording()
  log.child({ process: 'server' }).info('listening', { port: 5222 })
  expect(lines).toEqual([
    '{"level":"info","time":"2026-11-23T04:00:00.000Z","msg":"listening","process":"server","port":5222}\n',
  ])
})

test('an event below the level is not written', () => {
  const { log, lines } = recording()
  log.debug('details')
  expect(lines).toEqual([])
})

test('a secret is redacted at any depth', () => {
  const { log, lines } = recording()
  log.info('signed in', {
    account: 'alice',
    password: 'hunter2',
    request: { accessToken: 'abc', Authorization: 'Basic abc' },
  })
  expect(lines[0]).not.toMatch(/hunter2|abc/)
})

test('an error is spelled out with its cause', () => {
  const { log, lines } = recording()
  log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { message: 'outer', cause: { message: 'inner' } } })
})

test('a value that contains itself ends', () => {
  const { log, lines } = recording()
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  log.info('loop', { loop })
  expect(lines).toHaveLength(1)
})

test('a pretty line cannot steer the terminal', () => {
  const { log, lines } = recording({ pretty: true })
  log.info('hello', { nick: '\u001b[2Jbob' })
  expect(lines).toEqual(['04:00:00.000 info  hello nick=?[2Jbob\n'])
})
