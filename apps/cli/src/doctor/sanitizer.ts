import type { SandboxStatus, SanitizerStatus } from '@drawbridge/contract'
import { askSanitizer, type Paths } from '@drawbridge/runtime'
import { type Finding, finding } from './finding.ts'

/** Whether the sanitizer answers, which sandbox holds its children, and what it could not deny them. */
export async function checkSanitizer({ sanitizerSocket }: Paths): Promise<Finding> {
  const answer = await askSanitizer(sanitizerSocket).catch(() => undefined)
  if (answer === undefined) return finding('sanitizer', 'warn', 'does not run; it starts with the server')
  return judgeSanitizer(answer)
}

/** What doctor says of a sanitizer that answers. */
export function judgeSanitizer({ status, sandbox, selfTest, versions }: SanitizerStatus): Finding {
  const { level, isWeak, denied, possible } = sandbox
  const count = denied.length + possible.length
  const probes = denied.length === 0 ? 'nothing' : denied.join(' ')
  const { accepted, refused } = selfTest
  return finding('sanitizer', status === 'ok' && !isWeak ? 'ok' : 'warn', sentence(sandbox), {
    denied: `${probes}: ${denied.length}/${count}, main and pool threads`,
    ...(possible.length > 0 && { possible: `${possible.join(' ')}: level ${level} does not deny it` }),
    formats: `${Object.keys(accepted).join(' ')}: ${right(accepted)} accepted, ${right(refused)} others refused`,
    limits: Object.entries(sandbox.limits)
      .map(([name, most]) => `${name} ${most}`)
      .join('  '),
    versions: `node ${versions.node}  sharp ${versions.sharp}  libvips ${versions.libvips}${sandbox.isNodePie ? '' : '  (Node is not PIE)'}`,
  })
}

function sentence({ level, isWeak, skipped, kernel, landlockAbi, seccomp }: SandboxStatus): string {
  const why = skipped.map((each) => `${each.level}: ${firstLine(each.why)}`).join('; ')
  return [
    `sandbox ${level}${isWeak ? ', which holds no hostile decoder' : ''}${why === '' ? '' : ` (${why})`}`,
    `kernel ${kernel}`,
    ...(seccomp === undefined
      ? []
      : [landlockAbi === 0 ? 'no Landlock' : `Landlock ABI ${landlockAbi}`, `seccomp ${seccomp}`]),
  ].join(', ')
}

function right(results: Readonly<Record<string, boolean>>): string {
  const values = Object.values(results)
  return `${values.filter(Boolean).length}/${values.length}`
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? ''
