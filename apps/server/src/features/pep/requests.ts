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

/** Requests by the element that names them. The first that is there decides: others come along as its details. */
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

/** Answers requests by this table; what is not in it is not supported (§3, §10). */
export function answerBy(answers: Answers): IqRoute['handle'] {
  const known = Object.entries(answers)
  return (pubsub, request, ctx) => {
    for (const [name, answer] of known) {
      const asked = pubsub.getChild(name)
      if (asked) return answer(pubsub, asked, request, ctx)
    }
    throw unsupported(pubsub.getChildElements()[0]?.getName() ?? '')
  }
}
