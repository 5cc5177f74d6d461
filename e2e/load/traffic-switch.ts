import { registerHooks } from 'node:module'

// Loaded into the server beside its own code (`--import`): on SIGWINCH it stops counting traffic, or goes on, when what was
// counted until then has been written. So a server can be compared with itself, without a switch in the product.

const DECLARATION = 'export function startTraffic('
const SWITCHED = `
export function startTraffic(options) {
  const traffic = startCounting(options)
  let isOn = true
  process.on('SIGWINCH', () => void traffic.flush().then(() => (isOn = !isOn)))
  return {
    ...traffic,
    count: (event, bytes, at, subjects) => {
      if (isOn) traffic.count(event, bytes, at, subjects)
    },
  }
}
`

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith('/apps/server/src/traffic.ts')) return loaded
    const source = String(loaded.source)
    if (!source.includes(DECLARATION)) throw new Error('what counts traffic is not where it was')
    return { ...loaded, source: source.replace(DECLARATION, 'function startCounting(') + SWITCHED }
  },
})
