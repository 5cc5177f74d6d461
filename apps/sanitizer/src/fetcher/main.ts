import { createLog, createShutdown, loadConfig, reportReady } from '@drawbridge/runtime'
import { listen } from '../listen.ts'
import { fetcherConfig } from './fetcher.config.ts'
import { serveFetcher } from './serve.ts'

// The one process with a way out of the network: it has no database, no credentials, and no decoder.
const log = createLog({ fields: { process: 'fetcher' } })
const { socket } = loadConfig(fetcherConfig, { env: process.env })
const shutdown = createShutdown({ log })
shutdown.listen()
try {
  const server = serveFetcher({ log })
  await listen(server, socket)
  shutdown.onShutdown('fetcher', () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  log.info('ready', { event: 'ready', socket })
  reportReady({ socket })
} catch (error) {
  log.error('the fetcher did not start', { error })
  await shutdown.stop(1)
}
