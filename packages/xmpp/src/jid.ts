import { utf8Bytes } from './characters.ts'
import { prepareDomain } from './domain.ts'
import { prepareOpaqueString, prepareUsernameCaseMapped } from './precis.ts'

/** A text that is not an address (RFC 7622); on the wire `<jid-malformed/>`. */
export class JidFault extends Error {
  override readonly name = 'JidFault'
}

/** Whether addresses of hosts count as domains. Off unless policy allows them. */
export interface JidOptions {
  readonly allowIpLiteral?: boolean | undefined
}

/** The parts of an address, not yet prepared. */
export interface JidParts {
  readonly localpart?: string | undefined
  readonly domainpart: string
  readonly resourcepart?: string | undefined
}

/** An address. Its parts are prepared, so that two addresses are equal exactly if their strings are. */
export class Jid {
  readonly localpart: string | undefined
  readonly domainpart: string
  readonly resourcepart: string | undefined
  /** `local@domain`, or `domain`. */
  readonly bareString: string
  readonly #text: string
  #bare: Jid | undefined

  /** For prepared parts only: everybody else uses `parseJid` or `jidFrom`. */
  constructor(localpart: string | undefined, domainpart: string, resourcepart: string | undefined) {
    this.localpart = localpart
    this.domainpart = domainpart
    this.resourcepart = resourcepart
    this.bareString = localpart === undefined ? domainpart : `${localpart}@${domainpart}`
    this.#text = resourcepart === undefined ? this.bareString : `${this.bareString}/${resourcepart}`
  }

  /** The same address without resourcepart. */
  get bare(): Jid {
    if (this.resourcepart === undefined) return this
    return (this.#bare ??= new Jid(this.localpart, this.domainpart, undefined))
  }

  /** Whether there is a resourcepart. */
  get isFull(): boolean {
    return this.resourcepart !== undefined
  }

  /** Whether both are the same address, resourcepart included. */
  equals(other: Jid): boolean {
    return this.#text === other.#text
  }

  /** The same account or host at another resourcepart. @throws JidFault */
  withResource(resourcepart: string): Jid {
    return new Jid(this.localpart, this.domainpart, prepareResourcepart(resourcepart))
  }

  toString(): string {
    return this.#text
  }

  toJSON(): string {
    return this.#text
  }
}

// The plain case, in which preparation changes nothing but would cost: lower-case names without look-alikes.
const PLAIN =
  /^(?:([a-z0-9._-]{1,200})@)?((?:[a-z][a-z0-9]{0,30}\.){0,4}[a-z][a-z0-9]{0,30})(?:\/([\x21-\x7e]{1,200}))?$/

/** Parses and prepares an address. @throws JidFault */
export function parseJid(text: string, options: JidOptions = {}): Jid {
  const plain = PLAIN.exec(text)
  if (plain) return new Jid(plain[1], plain[2] ?? '', plain[3])
  // RFC 7622 §3.2: the first slash begins the resourcepart; before it, the first at-sign ends the localpart.
  const slash = text.indexOf('/')
  const bare = slash === -1 ? text : text.slice(0, slash)
  const at = bare.indexOf('@')
  return jidFrom(
    {
      localpart: at === -1 ? undefined : bare.slice(0, at),
      domainpart: at === -1 ? bare : bare.slice(at + 1),
      resourcepart: slash === -1 ? undefined : text.slice(slash + 1),
    },
    options,
  )
}

/** Like `parseJid`, but `undefined` instead of a throw. */
export function findJid(text: string | undefined, options: JidOptions = {}): Jid | undefined {
  if (text === undefined) return undefined
  try {
    return parseJid(text, options)
  } catch (error) {
    if (error instanceof JidFault) return undefined
    throw error
  }
}

/** Prepares the parts of an address. @throws JidFault */
export function jidFrom(parts: JidParts, options: JidOptions = {}): Jid {
  const { localpart, domainpart, resourcepart } = parts
  return new Jid(
    localpart === undefined ? undefined : prepareLocalpart(localpart),
    preparePart('domainpart', domainpart, (text) => prepareDomain(text, options.allowIpLiteral === true)),
    resourcepart === undefined ? undefined : prepareResourcepart(resourcepart),
  )
}

function prepareLocalpart(text: string): string {
  const prepared = preparePart('localpart', text, prepareUsernameCaseMapped)
  // RFC 7622 §3.3.1: allowed by the profile, but with a meaning in addresses or in XML.
  if (/["&'/:<>@]/.test(prepared)) throw new JidFault('localpart: character not allowed')
  return prepared
}

function prepareResourcepart(text: string): string {
  return preparePart('resourcepart', text, prepareOpaqueString)
}

function preparePart(part: string, text: string, prepare: (text: string) => string): string {
  // Preparation shortens, but never by a factor of three; this bounds what a stranger can make us prepare.
  if (text === '' || text.length > 3 * MAX_PART_BYTES) throw new JidFault(`${part}: length`)
  let prepared: string
  try {
    prepared = prepare(text)
  } catch (cause) {
    throw new JidFault(`${part}: ${cause instanceof Error ? cause.message : 'not allowed'}`, { cause })
  }
  if (prepared === '' || utf8Bytes(prepared) > MAX_PART_BYTES) throw new JidFault(`${part}: length`)
  return prepared
}

const MAX_PART_BYTES = 1023
