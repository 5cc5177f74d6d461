import type { Context } from './feature.ts'
import type { Registry } from './registry.ts'

/** What the features in force advertise about the server, its accounts and its services (XEP-0030). */
export function advertise(
  registry: Registry,
  { domain, components }: Pick<Context, 'domain' | 'components'>,
  ctx: () => Context,
): Context['disco'] {
  const { features, disco, accountDisco, identities, findDiscoNode } = registry
  const services = [...registry.services, ...components.labels.map((label) => ({ label, name: label }))]
  return {
    server: disco,
    account: accountDisco,
    identities,
    services: services.map(({ label, name }) => ({ jid: `${label}.${domain}`, name })),
    findNode: (to, node) => findDiscoNode(to, node, ctx()),
    async accountItems(request) {
      const lists = features.map(async ({ accountItems }) => (await accountItems?.(request, ctx())) ?? [])
      return (await Promise.all(lists)).flat()
    },
    forms: () => features.flatMap(({ discoForms }) => discoForms?.flatMap((build) => build(ctx()) ?? []) ?? []),
  }
}
