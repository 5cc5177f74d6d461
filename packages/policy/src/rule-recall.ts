import type { Rule } from './engine.ts'
import type { FileFacts, MediaFacts } from './questions.ts'
import type { RecallSetting } from './settings.ts'
import { PASS, refuse } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/**
 * Files that were delivered and are not to be seen any more (control §2, row 35). Nobody reads them while the recall
 * lasts, break-glass accounts included: what is dangerous is dangerous for them, too.
 */
export function recall(settings: readonly RecallSetting[]): Rule {
  const compiled = settings.map(compileRecall)
  const decide = ({ file, isImage, format }: MediaFacts): Verdict => {
    if (!file) return PASS
    const found = compiled.find(({ isAbout }) => isAbout(file, isImage ? format : undefined))
    if (!found) return PASS
    const { id, reason, since } = found.setting
    return refuse('media-recalled', `recall ${id}`, {
      details: { recall: id, reason, since: new Date(since).toISOString() },
    })
  }
  return { name: 'recall', decide: { 'media.read': decide } }
}

interface Compiled {
  readonly setting: RecallSetting
  readonly isAbout: (file: FileFacts, format: string | undefined) => boolean
}

/** Everything that a recall names must hold; it names something, or it is no recall. */
function compileRecall(setting: RecallSetting): Compiled {
  const { hashes, uploads, senders, formats, sentFrom, sentUntil } = setting
  const sets = { hashes: setOf(hashes), uploads: setOf(uploads), senders: setOf(senders), formats: setOf(formats) }
  return {
    setting,
    isAbout: (file, format) =>
      hasEither(sets.hashes, file.sha256, file.source?.sha256) &&
      has(sets.uploads, file.id) &&
      has(sets.senders, file.sender) &&
      hasEither(sets.formats, format, file.source?.format) &&
      (sentFrom === undefined || file.sentAt >= sentFrom) &&
      (sentUntil === undefined || file.sentAt < sentUntil),
  }
}

function setOf(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values === undefined ? undefined : new Set(values)
}

function hasEither(set: ReadonlySet<string> | undefined, one: string | undefined, other: string | undefined): boolean {
  return has(set, one) || has(set, other)
}

function has(set: ReadonlySet<string> | undefined, value: string | undefined): boolean {
  return set === undefined || (value !== undefined && set.has(value))
}
