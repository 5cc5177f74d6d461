import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@drawbridge/db'
import { SANITIZER_NODE_FLAGS } from '@drawbridge/runtime'
import type { Paths } from '@drawbridge/runtime'
import { type RunningProcess, startProcess } from './process.ts'
import { ROOT } from './root.ts'
import type { Part, Running } from './supervise.ts'

/** A run of the embedded PostgreSQL. */
export interface RunningPostgres extends Running {
  readonly url: string
}

/** The embedded PostgreSQL. A notice says once when its files are not where one would look. */
export function postgresPart({ postgres }: Paths, note: (line: string) => void): Part<RunningPostgres> {
  let notice: string | undefined
  return {
    name: 'PostgreSQL',
    async start() {
      const server: EmbeddedPostgres = await startEmbeddedPostgres({ directory: postgres })
      if (server.notice !== undefined && server.notice !== notice) note(server.notice)
      notice = server.notice
      return {
        url: server.url,
        ended: server.exited.then((code) => (code === null ? 'by a signal' : `exit code ${code}`)),
        stop: () => server.stop(),
      }
    },
  }
}

/** The sanitizer: it reads hostile files, so it gets no variable it does not need, above all no address of a database. */
export function sanitizerPart(paths: Paths, env: NodeJS.ProcessEnv): Part<RunningProcess> {
  const passed = Object.entries(env).filter(([name]) =>
    /^(PATH|TMPDIR|LANG|TZ|NODE_EXTRA_CA_CERTS|DRAWBRIDGE_LOG_LEVEL|DRAWBRIDGE_SANITIZER_\w+)$/.test(name),
  )
  return {
    name: 'The sanitizer',
    start: () =>
      startProcess({
        name: 'The sanitizer',
        script: join(ROOT, 'apps/sanitizer/src/main.ts'),
        nodeFlags: SANITIZER_NODE_FLAGS,
        env: { ...Object.fromEntries(passed), DRAWBRIDGE_SANITIZER_SOCKET: paths.sanitizerSocket },
      }),
  }
}

/** The fetcher: it alone connects to the web, so it gets nothing that is worth taking. */
export function fetcherPart(paths: Paths, env: NodeJS.ProcessEnv): Part<RunningProcess> {
  const passed = Object.entries(env).filter(([name]) =>
    /^(PATH|TMPDIR|LANG|TZ|NODE_EXTRA_CA_CERTS|DRAWBRIDGE_LOG_LEVEL)$/.test(name),
  )
  return {
    name: 'The fetcher',
    start: () =>
      startProcess({
        name: 'The fetcher',
        script: join(ROOT, 'apps/sanitizer/src/fetcher/main.ts'),
        env: { ...Object.fromEntries(passed), DRAWBRIDGE_FETCHER_SOCKET: paths.fetcherSocket },
      }),
  }
}

/**
 * The server. `databaseUrl` is asked at each start, since the embedded PostgreSQL may have come back elsewhere;
 * undefined leaves what the environment says.
 *
 * @param migration - what it waits for
 */
export function serverPart(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  databaseUrl: () => string | undefined,
  migration: string | undefined,
): Part<RunningProcess> {
  return {
    name: 'The server',
    start: () => {
      const url = databaseUrl()
      return startProcess({
        name: 'The server',
        script: join(ROOT, 'apps/server/src/main.ts'),
        env: {
          ...env,
          DRAWBRIDGE_DATA_DIR: paths.data,
          DRAWBRIDGE_SANITIZER_SOCKET: paths.sanitizerSocket,
          DRAWBRIDGE_ADMIN_DIR: env['DRAWBRIDGE_ADMIN_DIR'] || join(ROOT, 'apps/admin/dist'),
          DRAWBRIDGE_WEB_DIR: env['DRAWBRIDGE_WEB_DIR'] || join(ROOT, 'apps/web/dist'),
          ...(url !== undefined && { DRAWBRIDGE_DATABASE_URL: url }),
          ...(migration !== undefined && { DRAWBRIDGE_MIGRATION: migration }),
        },
      })
    },
  }
}
