import type { Rule } from './engine.ts'
import type { FileFacts, MediaFacts } from './questions.ts'
import type { RecallSetting } from './settings.ts'
import { PASS, refuse } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/**
 * Files that were delivered and are not to be seen any more (control §2, row 35). Nobody reads them while the recall
 * lasts, break-glass accounts included: what is dangerous is dangerous for them, too. Nobody sends them again, either.
 */
export function recall(settings: readonly RecallSetting[]): Rule {
  const find = compileRecalls(settings)
  const decide = ({ file, isImage, format }: MediaFacts): Verdict => {
    const found = file && find(file, isImage ? format : undefined)
    if (!found) return PASS
    const { id, reason, since } = found
    return refuse('media-recalled', `recall ${id}`, {
      details: { recall: id, reason, since: new Date(since).toISOString() },
    })
  }
  return { name: 'recall', decide: { 'media.read': decide, 'upload.publish': decide } }
}

/** Finds the recall that a file is under; `format` is that of an image as delivered. */
export type FindRecall = (file: FileFacts, format: string | undefined) => RecallSetting | undefined

/** For images that stanzas hold: they are not fetched, so nobody is asked whether they may be. */
export function compileRecalls(settings: readonly RecallSetting[]): FindRecall {
  const compiled = settings.map(compileRecall)
  return (file, format) => compiled.find(({ isAbout }) => isAbout(file, format))?.setting
}

interface Compiled {
  readonly setting: RecallSetting
  readonly isAbout: (file: FileFacts, format: string | undefined) => boolean
}

/** Everything that a recall names must hold; it names something, or it is no recall. */
function compileRecall(setting: RecallSetting): Compiled {
  const { hashes, uploads, room, formats, sentFrom, sentUntil, since } = setting
  const sets = { hashes: setOf(hashes), uploads: setOf(uploads), formats: setOf(formats) }
  const isBySender = compileSenders(setting)
  return {
    setting,
    isAbout: (file, format) =>
      hasEither(sets.hashes, file.sha256, file.source?.sha256) &&
      (has(sets.uploads, file.id) || (room !== undefined && file.room === room && file.sentAt < since)) &&
      isBySender(file) &&
      hasEither(sets.formats, format, file.source?.format) &&
      // A time that nobody knows (NaN) is within every window.
      (sentFrom === undefined || !(file.sentAt < sentFrom)) &&
      (sentUntil === undefined || !(file.sentAt >= sentUntil)),
  }
}

/** Whoever sent it, and not whoever has the name: an id where there is one, else the name for as long as it was theirs. */
function compileSenders({ senders, senderIds, sendersUntil }: RecallSetting): (file: FileFacts) => boolean {
  if (senders === undefined) return () => true
  const ids = new Set(senderIds)
  const names = new Set(senders)
  return ({ senderId, sender, sentAt }) => {
    if (senderId !== undefined) return ids.has(senderId)
    const until = sender === undefined ? undefined : sendersUntil[sender]
    return has(names, sender) && (until === undefined || !(sentAt >= until))
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
