import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TextOutput } from './text-output.ts'

const server = createServer({ allowHalfOpen: true })
beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')))
afterAll(() => void server.close())

/** Both ends of a connection. */
async function pair() {
  const accepted = once(server, 'connection')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [far] = (await accepted) as [typeof near]
  let received = ''
  far.setEncoding('utf8').on('data', (text: string) => (received += text))
  const ended = once(far, 'end').then(() => {
    far.end()
    return received
  })
  return { near, output: new TextOutput(near), ended }
}

test('what is written while it is corked leaves as one, in order, when it has been uncorked as often', async () => {
  const { near, output, ended } = await pair()
  output.cork()
  output.cork()
  output.write('a')
  output.write('ü')
  output.uncork()
  expect(output.length).toBe(2)
  expect(near.bytesWritten).toBe(0)
  output.uncork()
  expect(output.length).toBe(0)
  output.write('c')
  output.end()
  expect(await ended).toBe('aüc')
})

test('the end takes along what is still corked', async () => {
  const { output, ended } = await pair()
  output.cork()
  output.write('last words')
  output.end()
  expect(await ended).toBe('last words')
})

test('what is corked when the connection is destroyed does not leave', async () => {
  const { near, output } = await pair()
  output.cork()
  output.write('never')
  output.destroy()
  output.uncork()
  expect([output.length, near.bytesWritten, near.destroyed]).toEqual([0, 0, true])
})
