import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/stack.ts'

/** Where the source of the generator lies, unless `DRAWBRIDGE_LOAD_GENERATOR` says otherwise. */
const SOURCE = join(ROOT, '..', 'shared', 'bench', 'xload.c')
const WITHOUT_ARCHIVE = `<no-permanent-store xmlns='urn:xmpp:hints'/>`

/** A load generator in C that speaks plain XMPP: it costs little, and treats all servers alike. */
export interface Generator {
  /** Runs it with these options and returns what it printed last. `isStored`: what it sends is worth an archive row. */
  run(options: readonly string[], isStored?: boolean): Promise<string>
}

/** Compiles the generator into this directory; nothing when its source is not here. Throws without a C compiler. */
export function buildGenerator(directory: string): Generator | undefined {
  const source = process.env['DRAWBRIDGE_LOAD_GENERATOR'] ?? SOURCE
  if (!existsSync(source)) return undefined
  const text = readFileSync(source, 'utf8')
  const compile = (name: string, code: string) => {
    const [file, binary] = [join(directory, `${name}.c`), join(directory, name)]
    writeFileSync(file, code)
    execFileSync('cc', ['-O2', '-o', binary, file, '-lm'])
    return binary
  }
  const stored = compile('stored', text)
  // The same message with a hint that it is not to be archived (XEP-0334).
  const unstored = compile('unstored', text.replaceAll('</body></message>', `</body>${WITHOUT_ARCHIVE}</message>`))
  return {
    run: (options, isStored = true) =>
      new Promise((resolve, reject) => {
        const child = spawn(isStored ? stored : unstored, ['-P', 'heavy-lifting-99', ...options])
        let output = ''
        child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
        child.once('error', reject)
        child.once('close', (status) => {
          const lines = output.trim().split('\n')
          if (status === 0)
            resolve(options.includes('login') || options.includes('idle') ? output : (lines.at(-1) ?? ''))
          else reject(new Error(`the load generator ended with ${status}: ${output}`))
        })
      }),
  }
}
