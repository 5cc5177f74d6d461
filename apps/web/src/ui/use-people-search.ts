import { useEffect, useState } from 'react'
import type { Found } from '@drawbridge/xmpp'
import { useChat } from './use-store.ts'

/** Long enough that nobody who types is searched for letter by letter. */
const PAUSE_MS = 250

export interface PeopleSearch {
  readonly people: readonly Found[]
  /** The people are those of what is typed now. */
  readonly isSettled: boolean
}

/** People of the directory for what is being typed, once the typing pauses; an answer that comes late is dropped. */
export function usePeopleSearch(typed: string): PeopleSearch {
  const chat = useChat()
  const name = typed.trim()
  const [answer, setAnswer] = useState<{ readonly name: string; readonly people: readonly Found[] }>()
  useEffect(() => {
    if (name === '') return
    let isLate = false
    const timer = setTimeout(() => {
      void chat.people.search(name).then((people) => {
        if (!isLate) setAnswer({ name, people })
      })
    }, PAUSE_MS)
    return () => {
      isLate = true
      clearTimeout(timer)
    }
  }, [chat, name])
  if (name === '') return { people: [], isSettled: true }
  // What was found for fewer letters stays on the screen until there is something new to show.
  return { people: answer?.people ?? [], isSettled: answer?.name === name }
}
