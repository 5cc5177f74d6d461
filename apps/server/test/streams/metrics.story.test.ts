import { collectProcessMetrics, renderMetrics } from '@drawbridge/runtime'
import type { SanitizeVerdict } from '@drawbridge/contract'
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { timed } from '../../src/measure.ts'
import { story } from '../story.ts'
import { runServer } from './running-server.ts'
import { bound, open, OUTCOME, plain, scram } from './sign-in.ts'

/** The value of one series, and that it is there at all. */
async function valueOf(series: string): Promise<number> {
  const line = (await renderMetrics()).split('\n').find((text) => text.startsWith(`${series} `))
  if (line === undefined) throw new Error(`there is no ${series}`)
  return Number(line.slice(series.length + 1))
}

/** By how much each series grows through `work`. */
async function growth(series: readonly string[], work: () => Promise<unknown>): Promise<number[]> {
  const before = await Promise.all(series.map(valueOf))
  await work()
  const after = await Promise.all(series.map(valueOf))
  return after.map((value, index) => value - (before[index] ?? 0))
}

const routed = (outcome: string) => `drawbridge_messages_routed_total{outcome="${outcome}"}`
const signIns = (mechanism: string, outcome: string) =>
  `drawbridge_sign_ins_total{mechanism="${mechanism}",outcome="${outcome}"}`

test('a message, sign-ins that work and do not, and a stream error show in the metrics', async () => {
  await using server = await runServer()
  await server.account('alice')
  await server.account('bob')
  const series = [
    routed('committed'),
    'drawbridge_archive_commit_seconds_count',
    signIns('SCRAM-SHA-256', 'success'),
    signIns('SCRAM-SHA-256', 'not-authorized'),
    signIns('none', 'invalid-mechanism'),
    'drawbridge_stream_errors_total{condition="not-authorized"}',
  ]
  const grown = await growth(series, async () => {
    const alice = await bound(await server.tcp(), 'alice')
    const bob = await bound(await server.webSocket(), 'bob')
    bob.send(`<presence xmlns='jabber:client'/>`)
    await bob.until(/<presence/)
    alice.send(`<message to='bob@im.test' type='chat'><body>hi</body></message>`)
    await bob.until(/<body>hi<\/body>/)

    const mallory = await server.tcp()
    await open(mallory)
    expect(await scram(mallory, 'alice', 'wrong-password')).toContain('not-authorized')
    mallory.send(plain('alice', 'x').replace('PLAIN', 'EXTERNAL'))
    expect(await mallory.until(OUTCOME)).toContain('invalid-mechanism')
    mallory.send(`<message to='bob@im.test'/>`)
    await mallory.closed()

    const answer = await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)
    expect(await answer.text()).toContain(routed('committed'))
    expect(await valueOf('drawbridge_sessions_connected{transport="tcp"}')).toBe(1)
    expect(await valueOf('drawbridge_sessions_connected{transport="websocket"}')).toBe(1)
    expect(await valueOf('drawbridge_archive_pending')).toBe(0)
    for (const line of [alice, bob]) line.destroy()
  })
  expect(grown).toEqual([1, 1, 2, 1, 1, 1])
})

/** The reference parser, which refuses what the others guess. */
const PARSE = `import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
print(*[f"{family.name} {family.type}" for family in families(sys.stdin.read())], sep="\\n")`
const python = spawnSync('/usr/bin/python3', ['-c', 'import prometheus_client.openmetrics.parser'])

test('what counts is OpenMetrics, to the letter', async (context) => {
  if (python.status !== 0) return context.skip('python3-prometheus-client is not installed')
  collectProcessMetrics()
  await using server = await runServer()
  const answer = await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)
  expect(answer.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/u)
  const text = await answer.text()
  expect(text.endsWith('# EOF\n')).toBe(true)
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', PARSE], { input: text, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'drawbridge_policy_verdicts counter',
      'drawbridge_sessions_connected gauge',
      'drawbridge_policy_effect_seconds histogram',
    ]),
  )
})

test('each message counts once, by what became of it', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  const outcomes = ['committed', 'duplicate', 'refused', 'held', 'transient', 'failed']
  const message = (child: string, to = 'bob@im.test') => `<message to="${to}" type="chat" id="m">${child}</message>`
  const once = '<body>once</body><origin-id xmlns="urn:xmpp:sid:0" id="o1"/>'
  const grown = await growth(outcomes.map(routed), async () => {
    await s.alice.send(message(once))
    await s.alice.send(message(once))
    await s.alice.send(message('<composing xmlns="http://jabber.org/protocol/chatstates"/>'))
    await s.alice.send(message('<body>x</body>', 'nobody@im.test'))
    await s.server.policy.operations.startSuspension('local:cli', { scopes: ['service'], mode: 'hold', reason: 'worm' })
    await s.alice.send(message('<body>later</body>'))
  })
  expect(grown).toEqual([1, 1, 1, 1, 1, 0])
  await s.server.measure()
  expect(await valueOf('drawbridge_messages_held')).toBe(1)
})

test('the sanitizer is timed, whether it answers or not', async () => {
  const count = (outcome: string) => `drawbridge_sanitizer_seconds_count{outcome="${outcome}"}`
  const answers = timed(() => Promise.resolve<SanitizeVerdict>({ outcome: 'not-an-image' }))
  const fails = timed(() => Promise.reject(new Error('away')))
  const grown = await growth([count('not-an-image'), count('unavailable'), count('clean')], async () => {
    expect(await answers(Buffer.of(1), 'image')).toEqual({ outcome: 'not-an-image' })
    await expect(fails(Buffer.of(1), 'image')).rejects.toThrow('away')
  })
  expect(grown).toEqual([1, 1, 0])
})
