import type { FileAdmission, InspectFile } from '@drawbridge/contract'
import { refusedClass } from '@drawbridge/policy'
import type { MediaPolicy } from '@drawbridge/policy'
import { extensionOf } from '../blobs/filename.ts'
import type { AskMediaPolicy } from '../policy/media.ts'
import type { Antivirus } from './antivirus.ts'
import { countAdmission } from './events.ts'

/** A file that is no image, on its way in. */
export interface IncomingFile {
  readonly bytes: Uint8Array
  /** As it will be shown. */
  readonly filename: string
  /** Whose it is; absent: nobody of ours, so what holds for the service holds. */
  readonly owner?: { readonly bareJid: string } | undefined
}

/** Says whether a file may pass. Rejects while nobody can say: then it is neither, and is tried again. */
export type AdmitFile = (file: IncomingFile, signal?: AbortSignal) => Promise<FileAdmission>

/** Looks at what a file is and holds (in the sanitizer), asks the media policy of its owner, then the antivirus engines. */
export function createAdmitFile({
  inspect,
  mediaPolicy,
  antivirus,
}: {
  readonly inspect: InspectFile
  readonly mediaPolicy: AskMediaPolicy
  readonly antivirus?: Pick<Antivirus, 'scan'> | undefined
}): AdmitFile {
  const scan = async (bytes: Uint8Array, policy: MediaPolicy, signal?: AbortSignal) => {
    const answer = await antivirus?.scan(bytes, signal)
    if (answer === 'infected') return 'infected'
    return answer === 'unavailable' && policy.antivirus === 'closed' ? 'unscanned' : undefined
  }
  return async ({ bytes, filename, owner }, signal) => {
    const { classes } = await inspect(bytes, extensionOf(filename), signal)
    const policy = mediaPolicy(owner)
    const reason = refusedClass(policy, classes, 'upload') ?? (await scan(bytes, policy, signal))
    const admission: FileAdmission =
      reason === undefined ? { outcome: 'admitted', classes } : { outcome: 'refused', reason }
    countAdmission({ outcome: reason ?? 'admitted' })
    return admission
  }
}
