import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { corkForThisTurn, uncorkNow } from './connection.ts'
import type { Lease } from './connection.ts'

class TestLease implements Lease {
  isStale = false
  term = 0
  readonly #renewed = Promise.withResolvers<void>()

  renewed(): Promise<void> {
    return this.#renewed.promise
  }

  /** @param term - another one when the rules have changed meanwhile. */
  renew(term = this.term): void {
    this.isStale = false
    this.term = term
    this.#renewed.resolve()
  }
}

/** A socket that notes what reaches the network. */
function socketOf() {
  const sent: string[] = []
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      sent.push(chunk.toString())
      done()
    },
    writev: (chunks, done) => {
      sent.push(...chunks.map(({ chunk }) => String(chunk)))
      done()
    },
  })
  const write = (text: string, lease?: Lease) => {
    corkForThisTurn(socket, lease)
    socket.write(text)
  }
  return { sent, socket, write }
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('what is written in one turn leaves at its end, as long as the lease holds', async () => {
  const { sent, write } = socketOf()
  const lease = new TestLease()
  write('a')
  write('b', lease)
  expect(sent).toEqual([])
  await turn()
  expect(sent).toEqual(['a', 'b'])
})

test('control §7.4 what the rules let pass before a pause stays back until it is known that they still do', async () => {
  const { sent, write } = socketOf()
  const other = socketOf()
  const lease = new TestLease()
  write('message', lease)
  other.write('pong')
  lease.isStale = true
  await turn()
  expect(sent).toEqual([])
  // What rules have no say in is not held up by it.
  expect(other.sent).toEqual(['pong'])
  write('behind it')
  await turn()
  expect(sent).toEqual([])
  lease.renew()
  await turn()
  expect(sent).toEqual(['message', 'behind it'])
})

test('control §7.4 with other rules than those that let it pass, it never leaves: its connection breaks', async () => {
  const { sent, socket, write } = socketOf()
  const lease = new TestLease()
  write('message', lease)
  lease.isStale = true
  await turn()
  lease.renew(1)
  await turn()
  expect(socket.destroyed).toBe(true)
  expect(sent).toEqual([])
})

test('control §7.4 a renewal in the very turn in which the process wakes does not let it out either', async () => {
  const { sent, socket, write } = socketOf()
  const lease = new TestLease()
  lease.isStale = true
  write('message', lease)
  lease.renew(1)
  await turn()
  expect(socket.destroyed).toBe(true)
  expect(sent).toEqual([])
})

test('control §7.4 a connection that ends while something is held back takes it along', async () => {
  const { sent, socket, write } = socketOf()
  const lease = new TestLease()
  write('message', lease)
  lease.isStale = true
  await turn()
  write('goodbye')
  uncorkNow(socket)
  expect(socket.destroyed).toBe(true)
  lease.renew()
  await turn()
  expect(sent).toEqual([])
})
