import { Refusal } from '@drawbridge/contract'
import { PasswordBusy, PasswordUnfit } from './password.ts'

/** Turns what the password code throws into what the caller may know. */
export async function withPasswordFaults<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof PasswordUnfit) throw new Refusal('weak-password', { detail: error.message })
    if (error instanceof PasswordBusy) throw new Refusal('resource-constraint', { retryAfterS: 2, cause: error })
    throw error
  }
}
