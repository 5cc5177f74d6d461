import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { callText } from './as-call.ts'
import { suspensionCommand } from './as-command.ts'

/** What a shell makes of a text: the words of the command that it runs. */
function wordsOf(text: string): string[] {
  const [command = ''] = text.split(' ')
  const script = `${command}() { printf '%s\\0' "$@"; }\n${text}`
  const env = { DRAWBRIDGE_TOKEN: 'dbt_secret' }
  return execFileSync('/bin/sh', ['-euc', script], { env, encoding: 'utf8' }).split('\0').slice(0, -1)
}

const body = {
  scopes: ['images', 'room:hall@rooms.im.test'],
  mode: 'hold',
  reason: 'it\'s "a worm"; rm -rf $HOME `id` \\ \n!history @file ünïcode',
} as const

test('a request is the text with which a shell sends just that', () => {
  const text = callText('https://im.test', { id: 'startSuspension', body, key: 'once' })
  expect(text).not.toContain('dbt_secret')
  expect(wordsOf(text)).toEqual([
    ...['-sS', '--fail-with-body', '-X', 'POST', 'https://im.test/api/v1/suspensions'],
    ...['-H', 'Authorization: Bearer dbt_secret'],
    ...['-H', 'Idempotency-Key: once'],
    ...['-H', 'Content-Type: application/json'],
    ...['--data-raw', JSON.stringify(body)],
  ])
})

test('a change is one of what was seen, and no value leaves its place', () => {
  const params = { id: "../a'b?c" }
  const query = { release: 'in-order', canaryUnits: 'it,ops' } as const
  const text = callText('https://im.test', { id: 'endSuspension', params, query, ifMatch: '"tag"' })
  const url = "https://im.test/api/v1/suspensions/..%2Fa'b%3Fc/end?release=in-order&canaryUnits=it%2Cops"
  expect(wordsOf(text)).toEqual([
    ...['-sS', '--fail-with-body', '-X', 'POST', url],
    ...['-H', 'Authorization: Bearer dbt_secret', '-H', 'If-Match: "tag"'],
  ])
  expect(callText('https://im.test', { id: 'putPlaybook', params: { name: 'a' }, key: 'k' })).not.toContain(
    'Idempotency',
  )
})

test('of a command a shell makes the same words', () => {
  expect(wordsOf(suspensionCommand(body))).toEqual([
    ...['suspension', 'start', '--scope', 'images,room:hall@rooms.im.test', '--mode', 'hold', '--reason', body.reason],
  ])
})
