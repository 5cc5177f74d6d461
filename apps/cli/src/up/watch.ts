import { watch } from 'node:fs'
import { join } from 'node:path'
import type { Running, Supervised } from './supervise.ts'

/** One save of an editor is several events. */
const SETTLE_MS = 150

/**
 * Restarts the part whose source changed; a change in packages restarts both.
 *
 * @returns stops watching.
 */
export function restartOnChange(
  root: string,
  parts: { readonly server: Supervised<Running>; readonly sanitizer: Supervised<Running> },
  note: (line: string) => void,
): () => void {
  const changed = new Set<keyof typeof parts>()
  let timer: NodeJS.Timeout | undefined
  const restart = () => {
    for (const name of changed) {
      note(`${name} changed; starting it again.`)
      parts[name].restart().catch((error: unknown) => note(String(error)))
    }
    changed.clear()
  }
  const on = (folder: string, ...names: (keyof typeof parts)[]) =>
    watch(join(root, folder), { recursive: true }, (_event, file) => {
      if (!file?.endsWith('.ts') || file.endsWith('.test.ts') || file.includes('node_modules')) return
      for (const name of names) changed.add(name)
      clearTimeout(timer)
      timer = setTimeout(restart, SETTLE_MS)
    })
  const watchers = [
    on('apps/server/src', 'server'),
    on('apps/sanitizer/src', 'sanitizer'),
    on('packages', 'server', 'sanitizer'),
  ]
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
