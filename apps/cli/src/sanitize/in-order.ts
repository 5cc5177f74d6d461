/**
 * Works on several items at once and tells the results one by one, in the order of the items. Takes no item before there
 * is a place for it; what is kept for later is results alone.
 *
 * Rejects with the first failure of `work` or `tell`, when what was under way has ended; nothing new is begun then.
 */
export async function inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
  tell: (result: R) => void,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  let told: Promise<void> = Promise.resolve()
  let hasFailed = false
  const place = async () => {
    while (!hasFailed) {
      // A generator answers calls of `next` in their order, so the places go on in the order of the items.
      const next = await iterator.next()
      if (next.done) return
      const [before, result] = [told, work(next.value)]
      told = Promise.all([before, result]).then(([, value]) => tell(value))
      told.catch(() => (hasFailed = true))
      await result
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, place))
  await told
  for (const end of ended) if (end.status === 'rejected') throw end.reason
}
