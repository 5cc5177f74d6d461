import { xml, type Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { NS_COMMANDS } from '../ns.ts'

export const COMMAND_ACTIONS = ['cancel', 'complete', 'execute', 'next', 'prev'] as const
export type CommandAction = (typeof COMMAND_ACTIONS)[number]

/** XEP-0050 §4.4: what was wrong with a request, beside the stanza's own condition. */
export type CommandErrorCondition =
  | 'bad-action'
  | 'bad-locale'
  | 'bad-payload'
  | 'bad-sessionid'
  | 'malformed-action'
  | 'session-expired'

/** XEP-0050 §4.4: the fault that a command request ends with; `session-expired` is `not-allowed`, the rest `bad-request`. */
export function commandFault(condition: CommandErrorCondition, text?: string): StanzaFault {
  return new StanzaFault({
    condition: condition === 'session-expired' ? 'not-allowed' : 'bad-request',
    ...(text === undefined ? {} : { text }),
    app: xml(condition, { xmlns: NS_COMMANDS }),
  })
}

/** XEP-0050 §4.1: a request as it came. */
export interface CommandRequest {
  readonly node: string
  readonly action: CommandAction
  readonly sessionId: string | undefined
}

/** Reads `<command/>`. @throws StanzaFault `bad-request`, for an unknown action with `malformed-action` */
export function parseCommand(element: Element): CommandRequest {
  const { node, action: given = 'execute', sessionid: sessionId } = element.attrs
  if (node === undefined) throw new StanzaFault({ condition: 'bad-request', text: 'a command has a node' })
  const action = COMMAND_ACTIONS.find((known) => known === given)
  if (!action) throw commandFault('malformed-action')
  return { node, action, sessionId }
}

/** What a command answers (XEP-0050 §4.2, §4.3). */
export interface CommandAnswer {
  readonly node: string
  readonly sessionId: string
  readonly status: 'canceled' | 'completed' | 'executing'
  readonly note?: { readonly type: 'info' | 'warn' | 'error'; readonly text: string } | undefined
  readonly form?: Element | undefined
}

/** Builds `<command/>`. One that is executing has a single step: what can be done is to complete it. */
export function buildCommand({ node, sessionId, status, note, form }: CommandAnswer): Element {
  return xml(
    'command',
    { xmlns: NS_COMMANDS, node, sessionid: sessionId, status },
    status === 'executing' ? xml('actions', { execute: 'complete' }, xml('complete')) : undefined,
    form,
    note && xml('note', { type: note.type }, note.text),
  )
}
