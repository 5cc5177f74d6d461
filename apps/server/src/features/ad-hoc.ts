import {
  buildCommand,
  buildForm,
  commandFault,
  findForm,
  NS_COMMANDS,
  parseCommand,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import { defineFeature } from '../routing/feature.ts'
import type { AdHocCommand, Context, DiscoNode, IqRequest } from '../routing/feature.ts'
import type { Session } from '../stream/session.ts'

const NAME = 'ad-hoc'
/** Forms that one session may have open; the oldest is forgotten. */
const OPEN_MAX = 16

/**
 * XEP-0050: Ad-Hoc Commands. The features' commands, each of one form or none, at the server's address and at an
 * administrator's own bare JID, where some clients look. Whoever may not execute one does not see it.
 */
export const adHoc = defineFeature({
  name: NAME,
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
      if (command.form) return begin(command, await command.form(session.account, ctx), open)
      return complete(command, newSessionId(), undefined, session, ctx)
    }
    if (open.get(sessionId) !== node) throw commandFault('bad-sessionid')
    if (action === 'cancel') {
      open.delete(sessionId)
      return buildCommand({ node, sessionId, status: 'canceled' })
    }
    // A command has one step: there is nothing before it, and what follows it is its end.
    if (action === 'prev') throw commandFault('bad-action')
    const form = findForm(payload)
    if (form?.type !== 'submit') throw commandFault('bad-payload')
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

function begin(
  command: AdHocCommand,
  form: Awaited<ReturnType<NonNullable<AdHocCommand['form']>>>,
  open: Map<string, string>,
) {
  const sessionId = newSessionId()
  open.set(sessionId, command.node)
  for (const oldest of open.keys()) {
    if (open.size <= OPEN_MAX) break
    open.delete(oldest)
  }
  return buildCommand({
    node: command.node,
    sessionId,
    status: 'executing',
    form: buildForm({ title: command.name, ...form, type: 'form' }),
  })
}

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

/** Open forms of a session: id to node. Nobody else's session can go on with them. */
function openForms({ notes }: Session): Map<string, string> {
  const known = notes.get(NAME) as Map<string, string> | undefined
  if (known) return known
  const fresh = new Map<string, string>()
  notes.set(NAME, fresh)
  return fresh
}
