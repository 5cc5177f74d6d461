import { StanzaFault } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, IqRequest, IqRoute } from '../../routing/feature.ts'
import { unsupported } from './errors.ts'
import { configure, create, getConfig, getDefaultConfig, purge, remove } from './owner.ts'
import { listAffiliations, listSubscriptions, setAffiliations, setSubscriptions } from './people.ts'
import { publish, retract } from './publish.ts'
import { retrieve } from './retrieve.ts'
import {
  getAffiliations,
  getDefaultOptions,
  getOptions,
  getSubscriptions,
  setOptions,
  subscribe,
  unsubscribe,
} from './subscribe.ts'

/** Answers one kind of request; `asked` is the child of `<pubsub/>` that says which. */
type Answer = (
  pubsub: Element,
  asked: Element,
  request: IqRequest,
  ctx: Context,
) => Promise<Element | undefined> | Element | undefined

/** Requests by the element that names them. */
type Answers = Readonly<Record<string, Answer>>

export const GET: Answers = {
  items: retrieve,
  subscriptions: getSubscriptions,
  affiliations: getAffiliations,
  options: getOptions,
  default: getDefaultOptions,
}

export const SET: Answers = { publish, retract, create, subscribe, unsubscribe, options: setOptions }

export const GET_OWNER: Answers = {
  configure: getConfig,
  default: getDefaultConfig,
  affiliations: listAffiliations,
  subscriptions: listSubscriptions,
}

export const SET_OWNER: Answers = {
  configure,
  delete: remove,
  purge,
  affiliations: setAffiliations,
  subscriptions: setSubscriptions,
}

/** Comes along with the first, and is a request itself where it comes alone (§6.3.7). */
const DETAIL = { of: 'subscribe', name: 'options' }

/**
 * Answers requests by this table; what is not in it is not supported (§3, §10). Of two requests in one, only one could
 * be answered (§18.1, §18.4): whoever asks is told so.
 */
export function answerBy(answers: Answers): IqRoute['handle'] {
  const known = Object.entries(answers)
  return (pubsub, request, ctx) => {
    const isDetail = pubsub.getChild(DETAIL.of) !== undefined
    const found = known.flatMap(([name, answer]) =>
      isDetail && name === DETAIL.name ? [] : pubsub.getChildren(name).map((asked) => ({ asked, answer })),
    )
    const [first] = found
    if (!first) throw unsupported(pubsub.getChildElements()[0]?.getName() ?? '')
    if (found.length > 1) throw new StanzaFault({ condition: 'bad-request', text: 'One request at a time, please.' })
    return first.answer(pubsub, first.asked, request, ctx)
  }
}
