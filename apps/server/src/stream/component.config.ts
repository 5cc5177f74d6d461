import { findJid } from '@drawbridge/xmpp'
import { port } from '@drawbridge/runtime'
import * as z from 'zod'

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Shorter ones can be guessed (XEP-0114 hashes the secret with SHA-1 only). */
const SECRET_MIN_CHARACTERS = 16

interface ComponentSecret {
  readonly label: string
  readonly secret: string
}

interface ComponentDomain {
  readonly domain: string
  readonly label: string
}

/** External components (XEP-0114): programs on this machine that speak for a domain below the server's. */
export const componentConfig = z.object({
  port: port.optional().meta({
    env: 'DRAWBRIDGE_COMPONENT_PORT',
    doc: 'Where external components connect (XEP-0114), on this machine only. Absent: nowhere.',
  }),
  secrets: z
    .string()
    .default('')
    .transform((text, context) => {
      const secrets: ComponentSecret[] = []
      for (const entry of text.split(',').filter((part) => part.trim() !== '')) {
        const [label = '', ...rest] = entry.trim().split(':')
        const secret = rest.join(':')
        if (!LABEL.test(label) || secret.length < SECRET_MIN_CHARACTERS) {
          context.addIssue(
            `expected label:secret, separated by commas, each secret of ${SECRET_MIN_CHARACTERS} characters or more`,
          )
          return z.NEVER
        }
        secrets.push({ label, secret })
      }
      return secrets as readonly ComponentSecret[]
    })
    .meta({
      env: 'DRAWBRIDGE_COMPONENTS',
      secret: true,
      doc: 'Components with their secrets, as `label:secret`, separated by commas: `bridge:…` speaks for bridge.example.org and everybody at it.',
    }),
  domains: z
    .string()
    .default('')
    .transform((text, context) => {
      const domains: ComponentDomain[] = []
      for (const entry of text.split(',').filter((part) => part.trim() !== '')) {
        const [domain = '', label = '', ...rest] = entry.trim().split('=')
        const jid = findJid(domain)
        if (!jid || jid.toString() !== jid.domainpart || !LABEL.test(label) || rest.length > 0) {
          context.addIssue('expected domain=label, separated by commas')
          return z.NEVER
        }
        domains.push({ domain: jid.domainpart, label })
      }
      return domains as readonly ComponentDomain[]
    })
    .meta({
      env: 'DRAWBRIDGE_COMPONENT_DOMAINS',
      doc: 'Domains elsewhere that a component answers for, as `domain=label`, separated by commas: with `push.example.net=apps`, what people send to push.example.net goes to the component `apps`, which may speak as that domain. This is how phones reach the app servers of their makers (XEP-0357). Whoever runs the component can claim anything in the name of these domains.',
    }),
})
