import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSlixmpp } from '../support/slixmpp.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  await stack.account('carol')
})
afterAll(() => stack[Symbol.asyncDispose]())

const slixmpp = (version: string) =>
  startSlixmpp({
    jid: 'carol@localhost',
    password: 'carol-password',
    port: stack.c2sPort,
    ca: join(stack.dataDir, 'secrets', 'tls-certificate.pem'),
    name: 'Old Client',
    version,
    mechanism: 'SCRAM-SHA-256',
  })

test('control §7.11 a lock-out ends a live slixmpp session within a second and turns it away afterwards, with the reason', async () => {
  await using carol = slixmpp('1.0.0')
  await carol.next('ready')

  const added = await stack.cli<{ rule: { id: string }; effect: { appliedMs: number; disconnected: number } }>(
    'client-rule',
    'add',
    '--family',
    'old-client',
    '--below',
    '2.0.0',
    '--action',
    'disconnect',
    '--url',
    'https://im.test/update',
    '--now',
  )
  const returnedAt = performance.now()
  const error = await carol.next('stream_error')
  console.log(
    `lock-out: applied in ${added.effect.appliedMs} ms; slixmpp knew ${Math.round(error.at - returnedAt)} ms after the command (negative: before)`,
  )
  expect(error.at - returnedAt).toBeLessThan(1_000)
  expect(error['condition']).toBe('policy-violation')
  const notice = await carol.next('message')
  expect(notice['body']).toMatch(/2\.0\.0.*https:\/\/im\.test\/update/)

  // Signing in still works, so the client keeps its password; then it is told why and sent away.
  await using again = slixmpp('1.0.0')
  const refused = await again.next('stream_error')
  expect(refused['condition']).toBe('policy-violation')
  expect(again.events.some(({ event }) => event === 'failed_auth')).toBe(false)

  await using updated = slixmpp('2.0.0')
  await updated.next('ready')

  const entries = await stack.cli<{ action: string }[]>('audit', 'list')
  expect(entries.map(({ action }) => action)).toContain('add-client-rule')
  expect(await stack.cli('audit', 'verify')).toMatchObject({ isIntact: true })
})

test('a client that says nothing about itself waits, and is let in while unknown clients are only observed', async () => {
  const silent = await connectClient({ port: stack.c2sPort, name: 'carol', password: 'carol-password' })
  silent.send('<presence/>')
  silent.send('<iq type="get" id="p"><ping xmlns="urn:xmpp:ping"/></iq>')
  await silent.next((element) => element.name === 'iq' && element.attrs['id'] === 'p')
  await silent.end()
})
