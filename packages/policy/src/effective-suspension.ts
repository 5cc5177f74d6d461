import { NO_IDENTITY } from './client.ts'
import type { Question, Questions, StanzaFacts } from './questions.ts'
import { answerOf, compileSuspension, strictest, strictness } from './rule-suspension.ts'
import { hasExemptions, isInForce } from './suspension-force.ts'
import type { SuspensionSetting } from './settings.ts'
import type { Subject, SuspensionScope } from './suspension-scope.ts'
import type { Verdict } from './verdict.ts'
import type { SuspensionMode } from './vocabulary.ts'

/** About whom, and what, one may ask how it stands. */
export interface SuspensionSubject extends Subject {
  readonly at: number
  /** Bare JID. */
  readonly room?: string | undefined
  /** A domain elsewhere. */
  readonly peer?: string | undefined
  readonly format?: string | undefined
  readonly sha256?: string | undefined
}

/** What a person does, in the words of administrators. */
export const EXPLAINED_ACTIONS = [
  'sign-in',
  'message',
  'image',
  'file',
  'room-message',
  'room-entry',
  'presence',
  'subscription',
  'archive',
  'search',
  'federation',
  'push',
  'upload',
  'download',
  'registration',
] as const
export type ExplainedAction = (typeof EXPLAINED_ACTIONS)[number]

/** One suspension's part in an answer. */
export interface SuspensionTrace {
  readonly suspension: string
  readonly mode: SuspensionMode
  /** The scope that makes it answer. */
  readonly scope: SuspensionScope
  readonly answer: Verdict['action']
  /** Whose answer is the one that holds. */
  readonly isDecisive: boolean
  readonly exemption?: string
  /** Why it has no effect although it is there. */
  readonly inactive?: 'scheduled' | 'drill'
}

export interface EffectiveAnswer {
  readonly action: ExplainedAction
  readonly answer: Verdict['action']
  /** Every suspension that is about this, in their order. */
  readonly trace: readonly SuspensionTrace[]
}

/**
 * The effective state for a subject: for each action the strictest answer of all suspensions, and what each of them said.
 * The same rule answers that decides.
 */
export function effectiveSuspensions(
  settings: readonly SuspensionSetting[],
  subject: SuspensionSubject,
): readonly EffectiveAnswer[] {
  const compiled = settings.map(compileSuspension)
  return EXPLAINED_ACTIONS.map((action) => {
    const asked = askedFor(action, subject)
    const answers = compiled.map((one) => ({ one, answer: answerOf(one, asked.question, asked.facts as never) }))
    const acting = answers.filter(({ one }) => !one.setting.isScheduled && !one.setting.isDrill)
    const decisive = strictest(acting.map(({ answer }) => answer))
    const trace = answers.flatMap(({ one: { setting }, answer }): SuspensionTrace[] => {
      if (!answer.scope) return []
      const inactive = setting.isScheduled ? 'scheduled' : setting.isDrill ? 'drill' : undefined
      return [
        {
          suspension: setting.id,
          mode: setting.mode,
          scope: answer.scope.scope,
          answer: answer.verdict.action,
          isDecisive: answer === decisive && strictness(decisive.verdict) > 0,
          ...(answer.exemption === undefined ? {} : { exemption: answer.exemption }),
          ...(inactive === undefined ? {} : { inactive }),
        },
      ]
    })
    return { action, answer: decisive.verdict.action, trace }
  })
}

/** Which of these suspensions keeps a message that was accepted already from its recipients, if any still does. */
export function compileKeepers(settings: readonly SuspensionSetting[]): (facts: StanzaFacts) => string | undefined {
  const inForce = settings.filter(isInForce)
  const compiled = inForce.map((setting) => ({ setting, one: compileSuspension(setting) }))
  return (facts) => {
    const answers = compiled.map(({ setting, one }) => ({ setting, answer: answerOf(one, 'stanza.route', facts) }))
    const found = strictest(answers.map(({ answer }) => answer))
    return answers.find(({ answer }) => answer === found && strictness(found.verdict) > 0)?.setting.id
  }
}

/** Which exemptions let something through that suspensions stop: by suspension, as the exemption is written there. */
export type FindSpared = <Q extends Question>(
  question: Q,
  facts: Questions[Q],
) => readonly { readonly suspension: string; readonly who: string }[]

/** Compiles the exemptions in force; undefined where there are none, which is the common case. */
export function compileExemptions(settings: readonly SuspensionSetting[]): FindSpared | undefined {
  const compiled = settings.filter(isInForce).filter(hasExemptions).map(compileSuspension)
  if (compiled.length === 0) return undefined
  return (question, facts) =>
    compiled.flatMap((one) => {
      const { spared } = answerOf(one, question, facts)
      return spared === undefined ? [] : [{ suspension: one.setting.id, who: spared }]
    })
}

type Asked = { readonly [Q in Question]: { readonly question: Q; readonly facts: Questions[Q] } }[Question]

function askedFor(action: ExplainedAction, subject: SuspensionSubject): Asked {
  const { at, account, client = NO_IDENTITY, address, room, peer, format, sha256 } = subject
  const from = subject.from ?? (account ? `${account.localpart}@-` : '-')
  const stanza: StanzaFacts = {
    at,
    origin: 'local',
    account,
    client,
    address,
    from,
    to: '-',
    kind: 'message',
    type: 'chat',
    target: 'local',
    isDurable: true,
    hasBody: true,
    namespaces: [],
  }
  const shared = { formats: format === undefined ? [] : [format], hashes: sha256 === undefined ? [] : [sha256] }
  const file = sha256 === undefined ? {} : { file: { sha256, sentAt: at } }
  const media = { at, account, client, address, isImage: true, format, ...file }
  const route = (facts: Partial<StanzaFacts>) => ({ question: 'stanza.route', facts: { ...stanza, ...facts } }) as const
  const iq = { kind: 'iq', type: 'get', target: 'self', isDurable: false, hasBody: false } as const
  const known = account ?? { localpart: '', isAdmin: false, isBreakGlass: false }
  switch (action) {
    case 'sign-in':
      return { question: 'session.open', facts: { at, account: known, client, address, entrance: 'websocket' } }
    case 'message':
      return route({})
    case 'image':
      return route({ media: 'image', ...shared })
    case 'file':
      return route({ media: 'file', hashes: shared.hashes })
    case 'room-message':
      return route({ type: 'groupchat', room: room ?? 'a-room@-', to: room ?? 'a-room@-' })
    case 'room-entry':
      return { question: 'room.join', facts: { at, account: known, client, address, room: room ?? 'a-room@-' } }
    case 'presence':
      return route({ ...iq, kind: 'presence', type: 'available' })
    case 'subscription':
      return route({ ...iq, kind: 'presence', type: 'subscribe', target: 'local' })
    case 'archive':
      return route({ ...iq, type: 'set', namespaces: ['urn:xmpp:mam:2'] })
    case 'search':
      return route({ ...iq, namespaces: ['jabber:iq:search'], target: 'server', isSearch: true })
    case 'federation':
      return route({ target: 'remote', to: `somebody@${peer ?? 'elsewhere.invalid'}` })
    case 'push':
      return route({ ...iq, type: 'set', namespaces: ['urn:xmpp:push:0'] })
    case 'upload':
      return { question: 'upload.request', facts: media }
    case 'download':
      return { question: 'media.read', facts: media }
    case 'registration':
      return { question: 'account.create', facts: { at, origin: 'invitation', localpart: known.localpart } }
  }
}
