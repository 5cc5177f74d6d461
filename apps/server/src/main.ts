import { ConfigError, createLog, createShutdown, loadConfig, reportReady, unknownSettings } from '@drawbridge/runtime'
import { startServer } from './server.ts'
import { serverConfig } from './server.config.ts'

/** The server process: settings → server → signals. */
async function main(): Promise<void> {
  // Those of the sanitizer it judges itself.
  for (const sentence of unknownSettings(process.env, serverConfig, { except: 'DRAWBRIDGE_SANITIZER_' })) {
    process.stderr.write(`${sentence}\n`)
  }
  const config = loadConfig(serverConfig, { env: process.env })
  const log = createLog({ level: config.common.logLevel, fields: { process: 'server' } })
  const shutdown = createShutdown({ log })
  // Before it is up, too: it may wait long for its database.
  shutdown.listen()
  const server = await startServer(config, log)
  shutdown.onShutdown('server', () => server.close())
  log.info('ready', server.addresses)
  reportReady(server.addresses)
}

main().catch((error: unknown) => {
  // One sentence for whoever started it; a stack only helps where the fault is ours.
  const isExpected = error instanceof ConfigError || (error as NodeJS.ErrnoException).code !== undefined
  process.stderr.write(`${isExpected ? (error as Error).message : String((error as Error).stack)}\n`)
  process.exit(1)
})
