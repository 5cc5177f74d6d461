import type { Permission, ResponseOf } from '@drawbridge/contract'
import { createContext, use } from 'react'
import type { Call } from './call.ts'
import type { Live } from './live.ts'

export type OwnSession = ResponseOf<'getSession'>

/** What every page may use. */
export interface Console {
  readonly call: Call
  readonly session: OwnSession
  /** Asks for the session anew, after something about it has changed. */
  renewSession(): Promise<void>
  /** Counts the sign-ins of this page: what was loaded before the last one is to be loaded again. */
  readonly signIns: number
  /** What tells of changes; absent where nothing does. */
  readonly live: Live | undefined
}

export const ConsoleContext = createContext<Console | undefined>(undefined)

export function useConsole(): Console {
  const console = use(ConsoleContext)
  if (!console) throw new Error('outside of a session')
  return console
}

/** Whether whoever is signed in may do this everywhere. */
export function useMay(permission: Permission): boolean {
  return useConsole().session.permissions.includes(permission)
}
