import { ConfigError, createLog, createShutdown, loadConfig, reportReady, unknownSettings } from '@drawbridge/runtime'
import { sanitizerConfig, type SanitizerConfig } from './sanitizer.config.ts'
import { startSanitizer } from './server.ts'

const log = createLog({ fields: { process: 'sanitizer' } })

function readConfig(): SanitizerConfig {
  for (const sentence of unknownSettings(process.env, sanitizerConfig, { prefix: 'DRAWBRIDGE_SANITIZER_' })) {
    process.stderr.write(`${sentence}\n`)
  }
  try {
    return loadConfig(sanitizerConfig, { env: process.env })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}

const config = readConfig()
const shutdown = createShutdown({ log })
shutdown.listen()
try {
  const sanitizer = await startSanitizer(config, { log })
  shutdown.onShutdown('sanitizer', () => sanitizer[Symbol.asyncDispose]())
  log.info('ready', { event: 'ready', socket: sanitizer.socket })
  reportReady({ socket: sanitizer.socket })
} catch (error) {
  log.error('the sanitizer did not start', { error })
  await shutdown.stop(1)
}
