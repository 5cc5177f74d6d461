import { BoundedMap } from '@drawbridge/runtime'
import {
  buildCommand,
  buildForm,
  commandFault,
  findForm,
  NS_COMMANDS,
  parseCommand,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { Element, FormSource } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import { defineFeature } from '../../routing/feature.ts'
import type { AdHocCommand, Context, DiscoNode, IqRequest } from '../../routing/feature.ts'
import { perSession } from '../../routing/kept.ts'
import type { Session } from '../../stream/session.ts'
import { mustProve, PROOF_FORM, prove } from './proof.ts'

/** Forms that one session may have open; the oldest is forgotten. */
const OPEN_MAX = 16

/**
 * XEP-0050: Ad-Hoc Commands. The features' commands, each of one form or none, after the second factor where a command
 * administers, at the server's address and at an administrator's own bare JID, where some clients look. Whoever may not
 * execute one does not see it.
 */
export const adHoc = defineFeature({
  name: 'ad-hoc',
  implements: [{ xep: 50, version: '1.3.0' }],
  disco: [NS_COMMANDS],
  accountDisco: [NS_COMMANDS],
  discoNodes: [listAt('server'), listAt('own'), commandsAt('server'), commandsAt('own')],
  iq: [
    { type: 'set', to: 'server', xmlns: NS_COMMANDS, name: 'command', handle: execute('server') },
    { type: 'set', to: 'own', xmlns: NS_COMMANDS, name: 'command', handle: execute('own') },
  ],
})

type Place = AdHocCommand['at'][number]

/** §2.2: the list of commands, of those that the requester may execute. */
function listAt(to: Place): DiscoNode {
  return {
    to,
    matches: (node) => node === NS_COMMANDS,
    info: () => ({ identities: [{ category: 'automation', type: 'command-list', name: 'Commands' }], features: [] }),
    items: (_node, request, ctx) =>
      ctx.commands
        .filter((command) => command.at.includes(to) && command.isAllowed(request.session.account, ctx))
        .map(({ node, name }) => ({ jid: request.to.toString(), node, name })),
  }
}

/** §2.4: what one command is. */
function commandsAt(to: Place): DiscoNode {
  const find = (node: string, ctx: Context) => ctx.commands.find((command) => command.node === node)
  return {
    to,
    matches: (node, ctx) => find(node, ctx) !== undefined,
    info(node, request, ctx) {
      const command = find(node, ctx)
      if (!command?.at.includes(to) || !command.isAllowed(request.session.account, ctx))
        throw new StanzaFault({ condition: 'item-not-found' })
      return {
        identities: [{ category: 'automation', type: 'command-node', name: command.name }],
        features: [NS_COMMANDS, 'jabber:x:data'],
      }
    },
    items: () => [],
  }
}

function execute(to: Place) {
  return async (payload: Element, { session }: IqRequest, ctx: Context): Promise<Element> => {
    const { node, action, sessionId } = parseCommand(payload)
    const command = ctx.commands.find((known) => known.node === node && known.at.includes(to))
    if (!command)
      throw new StanzaFault({ condition: isOfAdministration(node) ? 'feature-not-implemented' : 'item-not-found' })
    // Asked at each step: whoever has lost the right in between has lost it (threats SP-15).
    if (!command.isAllowed(session.account, ctx)) throw new StanzaFault({ condition: 'forbidden' })
    const open = openForms(session)
    if (sessionId === undefined) {
      if (action !== 'execute') throw commandFault('bad-action')
      const id = newSessionId()
      if (!(await mustProve(command, session, ctx))) return start(command, id, session, ctx)
      open.set(id, { node, isProof: true })
      return buildCommand({ node, sessionId: id, status: 'executing', form: formOf(command, PROOF_FORM) })
    }
    const stage = open.get(sessionId)
    if (stage?.node !== node) throw commandFault('bad-sessionid')
    if (action === 'cancel') {
      open.delete(sessionId)
      return buildCommand({ node, sessionId, status: 'canceled' })
    }
    // Nothing has a way back: a command has one step, and before it at most the one that asks who it is.
    if (action === 'prev') throw commandFault('bad-action')
    const form = findForm(payload)
    if (form?.type !== 'submit') throw commandFault('bad-payload')
    if (stage.isProof) {
      await prove(form, session, ctx)
      open.delete(sessionId)
      return start(command, sessionId, session, ctx)
    }
    if (await mustProve(command, session, ctx)) throw commandFault('session-expired')
    const answer = await complete(command, sessionId, form, session, ctx)
    // What was filled in wrongly can be tried again: only success ends it.
    open.delete(sessionId)
    return answer
  }
}

/** XEP-0133 §5: "The specific command is not supported (even though the ad-hoc commands protocol is)." */
function isOfAdministration(node: string): boolean {
  return node.startsWith('http://jabber.org/protocol/admin#')
}

/** The command's own step: its form, or what it does at once. */
async function start(command: AdHocCommand, sessionId: string, session: Session, ctx: Context): Promise<Element> {
  const { node, form } = command
  if (!form) return complete(command, sessionId, undefined, session, ctx)
  const asked = await form(session.account, ctx)
  openForms(session).set(sessionId, { node, isProof: false })
  return buildCommand({ node, sessionId, status: 'executing', form: formOf(command, asked) })
}

const formOf = ({ name }: AdHocCommand, form: Omit<FormSource, 'type'>) =>
  buildForm({ title: name, ...form, type: 'form' })

async function complete(
  command: AdHocCommand,
  sessionId: string,
  form: Parameters<AdHocCommand['execute']>[0],
  session: Session,
  ctx: Context,
): Promise<Element> {
  const { note, result } = await command.execute(form, session, ctx)
  const said = result && buildForm({ ...result, type: 'result' })
  if (result?.payload) said?.append(result.payload)
  return buildCommand({ node: command.node, sessionId, status: 'completed', note, form: said })
}

const newSessionId = () => randomBytes(16).toString('base64url')

/** A form that somebody has before them. */
interface Stage {
  readonly node: string
  /** It asks for the second factor, and the command's own comes after it. */
  readonly isProof: boolean
}

/** Open forms of a session, by their id. Nobody else's session can go on with them. */
const openForms = perSession(() => new BoundedMap<string, Stage>(OPEN_MAX))
