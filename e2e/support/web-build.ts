import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './stack.ts'

/** Builds the web client under a version of the test's choice into a directory of its own. */
export async function buildWeb(version: string, directory: string): Promise<void> {
  const vite = join(ROOT, 'apps', 'web', 'node_modules', 'vite', 'bin', 'vite.js')
  await promisify(execFile)(
    process.execPath,
    [vite, 'build', '--outDir', directory, '--emptyOutDir', '--logLevel', 'error'],
    {
      cwd: join(ROOT, 'apps', 'web'),
      env: { ...process.env, DRAWBRIDGE_WEB_VERSION: version },
    },
  )
}
