import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Prints each module that is loaded. */
const TELL = `
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({ load: (url, context, next) => (writeSync(2, url + '\\n'), next(url, context)) })
`

test('a command waits for nothing that only others need: no database, no queue, no YAML', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const hook = `data:text/javascript,${encodeURIComponent(TELL)}`

  const { stdout, stderr } = spawnSync(process.execPath, ['--import', hook, main, 'help'], { encoding: 'utf8' })

  expect(stdout).toContain('suspension start --scope')
  const loaded = stderr.split('\n')
  expect(loaded).toContainEqual(expect.stringMatching(/apps\/cli\/src\/commands\/suspension\.ts$/))
  expect(loaded.filter((url) => /packages\/(db|jobs)\/|node_modules\/(pg|yaml|bullmq)\//.test(url))).toEqual([])
})

test('whoever has read enough of the output ends the command, and nothing is said about it', async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), 'help'], { stdio: 'pipe' })
  child.stdout.destroy()
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect([said, code]).toEqual(['', 0])
})
