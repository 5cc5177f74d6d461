import type { Stanza } from '@drawbridge/xmpp'
import { AFTER_COMMIT, BEFORE_COMMIT } from './feature.ts'
import type {
  Context,
  DiscoNode,
  DomainEvents,
  Draft,
  Feature,
  HttpRoute,
  IqRoute,
  MessageStage,
  Service,
} from './feature.ts'

type Stage = { readonly feature: string; readonly run: (draft: Draft, ctx: Context) => void }

/** The features' claims as maps, made once. A feature that is switched off is in none of them. */
export interface Registry {
  readonly features: readonly Feature[]
  readonly beforeCommit: readonly Stage[]
  readonly afterCommit: readonly Stage[]
  readonly enter: readonly NonNullable<Feature['enter']>[]
  readonly outbound: readonly NonNullable<Feature['outbound']>[]
  readonly relayed: readonly NonNullable<Feature['relayed']>[]
  readonly presence: NonNullable<Feature['presence']>
  readonly personalize: NonNullable<Feature['personalize']>
  readonly registration: Feature['registration']
  readonly disco: readonly string[]
  readonly accountDisco: readonly string[]
  readonly identities: Context['disco']['identities']
  readonly services: readonly Service[]
  readonly http: readonly HttpRoute[]
  /** Who answers at this address, if it is not the server itself or one of its accounts. */
  findService(domainpart: string, ctx: Pick<Context, 'domain' | 'components'>): Service | undefined
  findDiscoNode(to: DiscoNode['to'], node: string, ctx: Context): DiscoNode | undefined
  findIq(type: 'get' | 'set', to: IqRoute['to'], xmlns: string, name: string): IqRoute | undefined
  emit<K extends keyof DomainEvents>(event: K, payload: DomainEvents[K], ctx: Context): void
}

/** What every function on the way of a stanza gets. */
export interface Routing {
  readonly registry: Registry
  readonly ctx: Context
}

const iqKey = (type: string, to: string, xmlns: string, name: string) => `${type} ${to} {${xmlns}}${name}`

/** Turns the list of features into maps; throws when two of them claim one request. */
export function buildRegistry(features: readonly Feature[]): Registry {
  const iq = new Map<string, IqRoute>()
  const owners = new Map<string, string>()
  const claim = (key: string, feature: string) => {
    const owner = owners.get(key)
    if (owner !== undefined) throw new Error(`features ${owner} and ${feature} both claim ${key}`)
    owners.set(key, feature)
  }
  for (const feature of features) {
    claim(`feature ${feature.name}`, feature.name)
    if (feature.presence) claim('presence', feature.name)
    if (feature.personalize) claim('personalize', feature.name)
    if (feature.registration) claim('registration', feature.name)
    for (const route of feature.iq ?? []) {
      const key = iqKey(route.type, route.to, route.xmlns, route.name)
      claim(key, feature.name)
      // `own` is the narrower claim on an account's address: one of the two answers, never either by chance.
      if (route.to === 'own') claim(iqKey(route.type, 'account', route.xmlns, route.name), feature.name)
      iq.set(key, route)
    }
    for (const route of feature.http ?? []) claim(`${route.method} ${route.path}`, feature.name)
    if (feature.service) claim(`service ${feature.service.label}`, feature.name)
  }
  const services = new Map(features.flatMap(({ service }) => (service ? [[service.label, service]] : [])))
  const findService: Registry['findService'] = (domainpart, { domain, components }) => {
    if (domainpart === domain) return undefined
    const label = domainpart.endsWith(`.${domain}`) ? domainpart.slice(0, -domain.length - 1) : ''
    return services.get(label) ?? components.find(domainpart)
  }
  const askService: Stage = {
    feature: 'service',
    run: (draft, ctx) => draft.stanza.to && findService(draft.stanza.to.domainpart, ctx)?.message(draft, ctx),
  }
  const discoNodes = features.flatMap((feature) => feature.discoNodes ?? [])
  const presence = features.find((feature) => feature.presence)?.presence
  if (!presence) throw new Error('no feature handles presence')
  const personalize = features.find((feature) => feature.personalize)?.personalize ?? ((text) => text)
  const stage = (name: MessageStage): Stage[] =>
    features.flatMap((feature) => {
      const run = feature.message?.[name]
      return run ? [{ feature: `${feature.name}.${name}`, run }] : []
    })
  const [amend, record] = BEFORE_COMMIT
  return {
    features,
    presence,
    personalize,
    registration: features.find((feature) => feature.registration)?.registration,
    beforeCommit: [...stage(amend), askService, ...stage(record)],
    afterCommit: AFTER_COMMIT.flatMap(stage),
    enter: features.flatMap((feature) => feature.enter ?? []),
    outbound: features.flatMap((feature) => feature.outbound ?? []),
    relayed: features.flatMap((feature) => feature.relayed ?? []),
    disco: [...new Set(features.flatMap((feature) => feature.disco ?? []))].sort(),
    accountDisco: [...new Set(features.flatMap((feature) => feature.accountDisco ?? []))].sort(),
    identities: {
      server: features.flatMap(({ identities }) => identities?.server ?? []),
      account: features.flatMap(({ identities }) => identities?.account ?? []),
    },
    services: [...services.values()],
    http: features.flatMap((feature) => feature.http ?? []),
    findService,
    findDiscoNode: (to, node, ctx) => discoNodes.find((known) => known.to === to && known.matches(node, ctx)),
    findIq: (type, to, xmlns, name) =>
      iq.get(iqKey(type, to, xmlns, name)) ?? (to === 'own' ? iq.get(iqKey(type, 'account', xmlns, name)) : undefined),
    emit(event, payload, ctx) {
      for (const feature of features) {
        const listener = feature.on?.[event]
        if (!listener) continue
        void (async () => listener(payload, ctx))().catch((error: unknown) =>
          ctx.log.error('a listener failed', { event, feature: feature.name, error: String(error) }),
        )
      }
    },
  }
}

/** The service that a stanza is addressed to, if it is not for the server itself or one of its accounts. */
export function serviceAt({ registry, ctx }: Routing, { to }: Stanza) {
  return to && registry.findService(to.domainpart, ctx)
}
