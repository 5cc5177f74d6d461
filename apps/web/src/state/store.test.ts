import { expect, test, vi } from 'vitest'
import { createStore } from './store.ts'

test('listeners hear of a change at once, and not of none', () => {
  const store = createStore(1)
  const heard = vi.fn<() => void>()
  store.subscribe(heard)
  store.update((n) => n + 1)
  store.update((n) => n)
  expect(heard).toHaveBeenCalledOnce()
  expect(store.get()).toBe(2)
})

test('many changes from the wire are told together, though the state has them at once', () => {
  vi.useFakeTimers()
  try {
    const store = createStore(0)
    const heard = vi.fn<() => void>()
    store.subscribe(heard)
    for (let i = 0; i < 1000; i++) store.updateSoon((n) => n + 1)
    expect(store.get()).toBe(1000)
    expect(heard).not.toHaveBeenCalled()
    vi.runAllTimers()
    expect(heard).toHaveBeenCalledOnce()
  } finally {
    vi.useRealTimers()
  }
})

test('a change that is told at once takes along what was waiting', () => {
  vi.useFakeTimers()
  try {
    const store = createStore(0)
    const heard = vi.fn<() => void>()
    store.subscribe(heard)
    store.updateSoon((n) => n + 1)
    store.update((n) => n + 1)
    vi.runAllTimers()
    expect(heard).toHaveBeenCalledOnce()
  } finally {
    vi.useRealTimers()
  }
})
