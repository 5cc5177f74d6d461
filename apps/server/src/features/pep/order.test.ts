import { expect, test } from 'vitest'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { notifyNodes } from './notify.ts'
import { inOrder, MAX_WAITING, whenShort } from './order.ts'

test('what a client wants to hear of stands in its features (XEP-0163 §4.2)', () => {
  expect(notifyNodes(new Set(['urn:x+notify', 'urn:y', 'urn:z+notify']))).toEqual(['urn:x', 'urn:z'])
})

test('what happens to one account is told in its order, even after something failed', async () => {
  const done: string[] = []
  const ctx = {} as Context
  const [alice, bob] = [{ id: 'a' } as Account, { id: 'b' } as Account]
  let openGate: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (openGate = resolve))
  const run = (name: string, before?: Promise<void>) => async () => {
    await before
    done.push(name)
    if (name === 'fails') throw new Error(name)
  }
  const all = [
    inOrder(alice, 'x', run('fails', gate), ctx).catch(() => undefined),
    inOrder(alice, 'x', run('second'), ctx),
    inOrder(bob, 'x', run('other'), ctx).then(() => openGate()),
  ]
  await Promise.all(all)
  expect(done).toEqual(['other', 'fails', 'second'])
})

test('OV-02 whoever adds to a long line waits until it is done', async () => {
  const ctx = {} as Context
  const alice = { id: 'a' } as Account
  let openGate: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (openGate = resolve))
  let done = 0
  const run = () => gate.then(() => void done++)
  const all = []
  for (let i = 0; i < MAX_WAITING; i++) {
    expect(whenShort(alice, 'x', ctx)).toBeUndefined()
    all.push(inOrder(alice, 'x', run, ctx))
  }
  const waiting = whenShort(alice, 'x', ctx)?.then(() => done)
  openGate()
  expect(await waiting).toBe(MAX_WAITING)
  await Promise.all(all)
  expect(whenShort(alice, 'x', ctx)).toBeUndefined()
})
